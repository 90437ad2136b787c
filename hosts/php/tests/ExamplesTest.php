<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\IntakeDrain;
use Hookwright\Storage\Order;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PDO;
use PHPUnit\Framework\TestCase;

/** The examples, as they stand. */
final class ExamplesTest extends TestCase
{
    private const GROWTH_KIB_MAX = 2_048;

    public function testLaravelsObservers(): void
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
        // What the model hides is in no event, also not in what it was before.
        $rows = (new PDO("sqlite:$file"))->query("SELECT value FROM hookwright WHERE key GLOB 'msg/*'")->fetchAll(PDO::FETCH_COLUMN);
        self::assertCount(4, $rows);
        foreach ($rows as $row) {
            self::assertStringNotContainsString('licence', (string) $row);
        }
        $before = array_filter(array_map(static fn (string $row): mixed => json_decode($row, true)['event']['before'] ?? null, $rows));
        self::assertSame([true, true], array_values(array_column($before, 'active')));
    }

    public function testNothingOfARequestOutlivesItInALongLivedProcess(): void
    {
        $store = Databases::store(Databases::connect('postgres'));
        $command = [PHP_BINARY, __DIR__ . '/Support/octane.php', Hooks::cache(), '200'];
        $left = json_decode(Program::run($command, Databases::environment())[1], true, 2, JSON_THROW_ON_ERROR);
        self::assertSame([0, 0], [$left['apps'], $left['connections']]);
        self::assertLessThan(self::GROWTH_KIB_MAX, $left['grownKib']);
        self::assertSame(400, (int) $store->connection()->query("SELECT COUNT(*) FROM hookwright WHERE key LIKE 'msg/%'")[0][0]);
    }

    /**
     * CodeIgniter 3 and Perfex are in no package: the module is tried against what it uses of them.
     *
     * @dataProvider means
     * @param list<string> $options of PHP
     * @param array<string, string> $environment
     */
    public function testPerfexsModule(string $key, int $drained, array $options = [], array $environment = []): void
    {
        $connection = Databases::connect('mysqli-utf8');
        $hooks = Hooks::open($connection);
        $drain = IntakeDrain::of($hooks);
        $drain->createSchema();
        $connection->query('DELETE FROM hookwright_intake');
        $connection->query('DROP TABLE IF EXISTS tblinvoices');
        $connection->query('CREATE TABLE tblinvoices (id INT PRIMARY KEY, note VARCHAR(100) CHARACTER SET utf8mb4)');
        $folder = Folder::make();
        mkdir("$folder/vendor");
        symlink(dirname(__DIR__), "$folder/vendor/hookwright");
        copy(__DIR__ . '/../examples/codeigniter/hookwright.php', "$folder/hookwright.php");
        Program::run(
            [PHP_BINARY, ...$options, __DIR__ . '/Support/perfex.php', "$folder/hookwright.php", $key, Hooks::cache()],
            $environment + Databases::environment(),
        );
        self::assertSame($drained, $drain->drain());
        self::assertSame(1, $hooks->deliver()->routed);
        $rows = $hooks->storage()->scan('msg/', 'msg0', 10, Order::Forward);
        self::assertCount(1, $rows);
        self::assertStringContainsString('committed', $rows[0]->value);
    }

    /** @return array<string, array{0: string, 1: int, 2?: list<string>, 3?: array<string, string>}> */
    public static function means(): array
    {
        return [
            'the component' => [Hooks::SEALING_KEY, 0],
            'the intake' => ['', 1],
            'FFI is refused' => [Hooks::SEALING_KEY, 1, ['-d', 'ffi.enable=0']],
            'there is no library' => [Hooks::SEALING_KEY, 1, [], ['HOOKWRIGHT_NATIVE' => '/no/such.so']],
        ];
    }
}
