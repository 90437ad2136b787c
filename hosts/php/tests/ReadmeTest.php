<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** The README's example, in an empty folder. */
final class ReadmeTest extends TestCase
{
    public function testTheExample(): void
    {
        $readme = (string) file_get_contents(__DIR__ . '/../README.md');
        self::assertSame(1, preg_match('/^<!-- test -->\n```php\n(.*?)^```$/ms', $readme, $found));
        $folder = Folder::make();
        mkdir("$folder/vendor");
        file_put_contents("$folder/example.php", $found[1]);
        file_put_contents("$folder/vendor/autoload.php", '<?php require ' . var_export(__DIR__ . '/../src/autoload.php', true) . ';');
        $receiver = new Receiver();
        $command = ['env', '-C', $folder, PHP_BINARY, 'example.php', $receiver->url('/in')];
        [, $output] = Program::run($command);
        self::assertStringContainsString("\ninvoice.paid: delivered 200\n", $output);
        self::assertSame(['id' => 'inv-1', 'amount' => 4200], json_decode($receiver->requests()[0]['body'], true)['data']);
    }
}
