<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Server;
use PHPUnit\Framework\TestCase;

/** The stores against the storage kit, which also tests several processes, crashes and reopening. */
final class KitTest extends TestCase
{
    private const ALL = "/\n30 passed, 0 failed, 0 skipped\n\z/";

    public function testSqlitePassesTheKit(): void
    {
        self::assertMatchesRegularExpression(self::ALL, self::kit('', 'pdo.php', 'sqlite:' . Folder::make() . '/kit.db'));
    }

    public function testPostgresPassesTheKit(): void
    {
        $server = Server::postgres();
        self::assertMatchesRegularExpression(self::ALL, self::kit($server->user, 'pdo.php', $server->database('kit')));
    }

    public function testMariadbByPdoPassesTheKit(): void
    {
        $server = Server::mariadb();
        self::assertMatchesRegularExpression(self::ALL, self::kit($server->user, 'pdo.php', $server->database('kit')));
    }

    public function testMariadbByMysqliPassesTheKit(): void
    {
        $server = Server::mariadb();
        $server->database('kit');
        self::assertMatchesRegularExpression(self::ALL, self::kit($server->user, 'mysqli.php', $server->socket(), 'kit'));
    }

    public function testStoreThatBreaksRulesFailsTheKit(): void
    {
        $output = self::kit('', 'broken.php', 'sqlite:' . Folder::make() . '/kit.db');
        self::assertMatchesRegularExpression('/^FAIL  a version is never reused: /m', $output);
        self::assertMatchesRegularExpression('/^FAIL  absence is checked: /m', $output);
    }

    private static function kit(string $user, string $store, string ...$arguments): string
    {
        $driver = [PHP_BINARY, dirname(__DIR__) . '/bin/hookwright', 'storage-driver', __DIR__ . "/stores/$store", ...$arguments];
        $command = [Program::path('HOOKWRIGHT_BIN'), 'check-storage', '--', ...$driver];
        return Program::run($command, ['HOOKWRIGHT_TEST_USER' => $user], [0, 1])[1];
    }
}
