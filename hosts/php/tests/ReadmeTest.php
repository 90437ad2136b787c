<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Native\NativeFile;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Readme;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** The examples of the README. */
final class ReadmeTest extends TestCase
{
    public function testExampleRunsInAnEmptyFolder(): void
    {
        $folder = Folder::make();
        mkdir("$folder/vendor");
        Readme::example($folder);
        file_put_contents("$folder/vendor/autoload.php", '<?php require ' . var_export(__DIR__ . '/../src/autoload.php', true) . ';');
        $receiver = new Receiver();
        $command = ['env', '-C', $folder, PHP_BINARY, 'example.php', $receiver->url('/in')];
        [, $output] = Program::run($command);
        self::assertStringContainsString("\ninvoice.paid: delivered 200\n", $output);
        self::assertSame(['id' => 'inv-1', 'amount' => 4200], json_decode($receiver->requests()[0]['body'], true)['data']);
    }

    public function testOtherBlocksRun(): void
    {
        $extension = Program::path('HOOKWRIGHT_PSR');
        $outputs = '';
        foreach (array_slice(Readme::blocks(), 1) as $block) {
            if (Readme::isFile($block)) {
                // `ComposerTest` runs it.
                continue;
            }
            $file = Folder::make() . '/block.php';
            file_put_contents($file, "<?php\n$block");
            $command = [PHP_BINARY, '-d', "extension=$extension", __DIR__ . '/Support/block.php', $file, Hooks::cache()];
            $outputs .= Program::run($command)[1];
        }
        // The output of the management API.
        self::assertStringContainsString('"data":[]', $outputs);
    }

    public function testReadmeNamesTheLibraryOfThisMachine(): void
    {
        $readme = (string) file_get_contents(__DIR__ . '/../README.md');
        self::assertStringContainsString('`native/' . NativeFile::target() . '/libhookwright_native.', $readme);
    }
}
