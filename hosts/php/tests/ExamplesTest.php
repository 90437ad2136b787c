<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\IntakeReader;
use Hookwright\Sql\SqlStorage;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use mysqli;
use PDO;
use PHPUnit\Framework\TestCase;

/** The examples, unchanged. */
final class ExamplesTest extends TestCase
{
    private const GROWTH_KIB_MAX = 2_048;

    public function testLaravelObserverDeliversCommittedChanges(): void
    {
        $receiver = new Receiver();
        $file = Folder::make() . '/app.db';
        touch($file);
        $command = [PHP_BINARY, __DIR__ . '/../examples/laravel/run.php', $file, $receiver->url('/in'), Hooks::cache()];
        self::assertSame("1 assets\n", Program::run($command)[1]);
        $seen = array_map(static function (array $request): array {
            $body = json_decode($request['body'], true, 32, JSON_THROW_ON_ERROR);
            return [$body['type'], $body['data']['name']];
        }, $receiver->requests());
        self::assertSame([
            ['asset.created', 'kept'],
            ['asset.updated', 'kept and changed'],
            ['asset.created', 'after the commit'],
            ['asset.deleted', 'kept and changed'],
        ], $seen);
        // No event has a hidden attribute of the model, neither in `data` nor in `before`.
        $rows = array_column(Hooks::messages(SqlStorage::on(new PDO("sqlite:$file"))), 'value');
        self::assertCount(4, $rows);
        foreach ($rows as $row) {
            self::assertStringNotContainsString('licence', $row);
        }
        $before = array_filter(array_map(static fn (string $row): mixed => json_decode($row, true)['event']['before'] ?? null, $rows));
        self::assertSame([true, true], array_values(array_column($before, 'active')));
    }

    public function testRequestInALongLivedProcessLeavesNothing(): void
    {
        $store = Databases::store(Databases::connect('postgres'));
        $command = [PHP_BINARY, __DIR__ . '/Support/octane.php', Hooks::cache(), '200'];
        $result = json_decode(Program::run($command, Databases::environment())[1], true, 2, JSON_THROW_ON_ERROR);
        self::assertSame([0, 0], [$result['apps'], $result['connections']]);
        self::assertLessThan(self::GROWTH_KIB_MAX, $result['grownKib']);
        self::assertSame(400, count(Hooks::messages($store)));
    }

    /**
     * Debian has no package of CodeIgniter 3 and Perfex, so a script imitates the parts that the module uses.
     *
     * @dataProvider ways
     * @param list<string> $options of PHP
     * @param array<string, string> $environment
     */
    public function testPerfexModuleReportsCommittedChanges(string $key, int $accepted, array $options = [], array $environment = []): void
    {
        $connection = Databases::connect('mysqli-utf8');
        $hookwright = Hooks::open($connection);
        $reader = IntakeReader::of($hookwright);
        $reader->createSchema();
        $connection->query('DELETE FROM hookwright_intake');
        self::perfexTables();
        $folder = self::perfexModule();
        mkdir("$folder/vendor");
        symlink(dirname(__DIR__), "$folder/vendor/hookwright");
        Program::run(
            [PHP_BINARY, ...$options, __DIR__ . '/Support/perfex.php', "$folder/hookwright.php", $key, Hooks::cache()],
            $environment + Databases::environment(),
        );
        self::assertSame($accepted, $reader->accept());
        self::assertSame(1, $hookwright->deliver()->routed);
        $rows = Hooks::messages($hookwright->storage());
        self::assertCount(1, $rows);
        self::assertStringContainsString('committed', $rows[0]->value);
    }

    public function testPerfexModuleInstalledByComposerCreatesItsTablesAndReports(): void
    {
        $connection = self::perfexTables();
        $connection->query('DROP TABLE IF EXISTS hookwright, hookwright_intake');
        $folder = self::perfexModule();
        mkdir("$folder/vendor/hookwright", 0777, true);
        symlink(dirname(__DIR__), "$folder/vendor/hookwright/hookwright");
        // Composer's autoloader.
        file_put_contents("$folder/vendor/autoload.php", "<?php require __DIR__ . '/hookwright/hookwright/src/autoload.php';");
        $command = [PHP_BINARY, __DIR__ . '/Support/perfex.php', "$folder/hookwright.php", Hooks::SEALING_KEY, Hooks::cache()];
        Program::run([...$command, 'activate'], Databases::environment());
        self::assertCount(1, Hooks::messages(SqlStorage::on($connection)));
        self::assertEquals(0, $connection->query('SELECT COUNT(*) FROM hookwright_intake')->fetch_row()[0]);
    }

    public function testPerfexPageGoesOnWithoutTablesOrPackage(): void
    {
        $connection = self::perfexTables();
        $connection->query('DROP TABLE IF EXISTS hookwright, hookwright_intake');
        $rows = ['the component' => [Hooks::SEALING_KEY, true], 'the intake' => ['', true], 'no package' => ['', false]];
        foreach ($rows as $name => [$key, $hasPackage]) {
            $connection->query('DELETE FROM tblinvoices');
            $folder = self::perfexModule();
            mkdir("$folder/vendor");
            $hasPackage && symlink(dirname(__DIR__), "$folder/vendor/hookwright");
            $script = $hasPackage ? __DIR__ . '/Support/perfex.php' : __DIR__ . '/Support/perfexAlone.php';
            $command = [PHP_BINARY, $script, "$folder/hookwright.php", $key, Hooks::cache()];
            [, , $errors] = Program::run($command, Databases::environment());
            $expected = $hasPackage ? 'error: hookwright: the event invoice.created of 2 was not accepted: ' : 'the package is missing';
            self::assertStringContainsString($expected, $errors, $name);
            $hasPackage && self::assertEquals(2, $connection->query('SELECT MAX(id) FROM tblinvoices')->fetch_row()[0], $name);
        }
        Databases::store($connection);
    }

    private static function perfexModule(): string
    {
        $folder = Folder::make();
        copy(__DIR__ . '/../examples/codeigniter/hookwright.php', "$folder/hookwright.php");
        return $folder;
    }

    private static function perfexTables(): mysqli
    {
        $connection = Databases::connect('mysqli-utf8');
        $connection->query('DROP TABLE IF EXISTS tblinvoices');
        $connection->query('CREATE TABLE tblinvoices (id INT PRIMARY KEY, note VARCHAR(100) CHARACTER SET utf8mb4)');
        return $connection;
    }

    /** @return array<string, array{0: string, 1: int, 2?: list<string>, 3?: array<string, string>}> */
    public static function ways(): array
    {
        return [
            'the component' => [Hooks::SEALING_KEY, 0],
            'the intake, because there is no key' => ['', 1],
            'the intake, because FFI is forbidden' => [Hooks::SEALING_KEY, 1, ['-d', 'ffi.enable=0']],
            'the intake, because there is no library' => [Hooks::SEALING_KEY, 1, [], ['HOOKWRIGHT_NATIVE' => '/no/such.so']],
        ];
    }
}
