<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Native\NativeFile;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Readme;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** The package as Composer installs it, without a network. */
final class ComposerTest extends TestCase
{
    private const PACKAGE = __DIR__ . '/..';

    public function testPackageIsValid(): void
    {
        self::composer(Folder::make(), 'validate', '--strict', realpath(self::PACKAGE) . '/composer.json');
    }

    public function testProjectThatRequiresThePackageDelivers(): void
    {
        $folder = Folder::make();
        // A copy, as Composer makes from an archive.
        $options = ['symlink' => false, 'versions' => ['hookwright/hookwright' => '1.0.0']];
        file_put_contents("$folder/composer.json", json_encode(['require' => ['hookwright/hookwright' => '^1'], 'repositories' => [
            ['packagist.org' => false],
            ['type' => 'path', 'url' => realpath(self::PACKAGE), 'options' => $options],
        ]], JSON_THROW_ON_ERROR));
        self::composer($folder, 'install');

        // The native library at its default path.
        $native = "$folder/vendor/hookwright/hookwright/native/" . NativeFile::target();
        mkdir($native, 0777, true);
        symlink(Program::path('HOOKWRIGHT_NATIVE'), "$native/libhookwright_native." . (PHP_OS_FAMILY === 'Darwin' ? 'dylib' : 'so'));
        $run = static fn (string ...$command): string =>
            Program::run(['env', '-C', $folder, ...$command], ['HOOKWRIGHT_NATIVE' => '', 'SEALING_KEY' => str_repeat('07', 32)])[1];

        Readme::example($folder);
        $receiver = new Receiver();
        self::assertStringContainsString('delivered 200', $run(PHP_BINARY, 'example.php', $receiver->url('/in')));
        file_put_contents("$folder/hookwright.php", Readme::hookwrightFile());
        $report = '(require "hookwright.php")->onEvent(["type" => "invoice.sent"], "acme");';
        $run(PHP_BINARY, '-r', $report);
        self::assertSame("1 routed, 1 attempts, 1 delivered\n", $run('vendor/bin/hookwright', 'deliver', 'hookwright.php'));
        self::assertCount(2, $receiver->requests());
    }

    private static function composer(string $folder, string ...$arguments): void
    {
        $environment = ['HOME' => $folder, 'COMPOSER_HOME' => "$folder/.composer", 'COMPOSER_DISABLE_NETWORK' => '1',
            'COMPOSER_ALLOW_SUPERUSER' => '1'];
        Program::run(['composer', '--no-interaction', "--working-dir=$folder", ...$arguments], $environment);
    }
}
