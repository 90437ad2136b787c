<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Closure;
use Hookwright\Config;
use Hookwright\Event;
use Hookwright\Exception\InternalException;
use Hookwright\Hookwright;
use Hookwright\Intake;
use Hookwright\IntakeReader;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Lines;
use Hookwright\Tests\Support\Server;
use mysqli;
use PDO;
use PHPUnit\Framework\TestCase;

/** A connection by a closure: which connection a call uses, and to which database. */
final class ClosureTest extends TestCase
{
    /** @dataProvider databases */
    public function testClosureIsAskedOnceForEachCallOfTheStore(string $name): void
    {
        foreach (['kept' => Databases::connect($name), 'new each time' => null] as $row => $kept) {
            Databases::store(Databases::connect($name));
            $asked = 0;
            $store = SqlStorage::on(static function () use ($kept, $name, &$asked): PDO|mysqli {
                $asked += 1;
                return $kept ?? Databases::connect($name);
            });
            $calls = [
                static fn () => $store->commit([new Check('c', null)], [new Mutation('c', '1'), new Mutation('b', '2')]),
                static fn () => $store->get(['a', 'b']),
                static fn () => $store->scan('!', '~', 10, Order::Forward),
                static fn () => $store->inTransaction(),
                static fn () => $store->createSchema(),
            ];
            foreach ($calls as $index => $call) {
                $asked = 0;
                $call();
                self::assertSame(1, $asked, "$row, call $index");
            }
        }
    }

    /** @dataProvider databases */
    public function testCommitOnNewConnectionsIsAppliedTogetherOrNotAtAll(string $name): void
    {
        $direct = Databases::store(Databases::connect($name));
        $store = SqlStorage::on(static fn (): PDO|mysqli => Databases::connect($name));
        $mutations = [new Mutation('a', '1'), new Mutation('b', '"' . str_repeat('x', 10) . '"')];
        $store->commit([], $mutations);
        self::assertSame(['1', '"xxxxxxxxxx"'], array_column($direct->get(['a', 'b']), 'value'));
        // The second check fails after the statements for the first row.
        $commit = static fn () => $store->commit(
            [new Check('c', null), new Check('a', null)],
            [new Mutation('c', '1'), new Mutation('a', '2')],
        );
        self::assertSame('conflict', Failures::of(StorageException::class, $commit)->kind);
        self::assertNull($direct->get(['c'])[0]);
        $hookwright = Hookwright::open(static fn (): PDO|mysqli => Databases::connect($name), self::silent());
        self::assertTrue($hookwright->onEvent(['type' => 'a.b'], 'acme')->isNew);
        self::assertSame(1, $hookwright->deliver()->routed);
    }

    /** @dataProvider databases */
    public function testIntakeOnNewConnectionsAcceptsEachEventOnce(string $name): void
    {
        $direct = Hooks::open(Databases::connect($name));
        IntakeReader::of($direct)->createSchema();
        $direct->storage()->connection()->execute('DELETE FROM hookwright_intake');
        $intake = new Intake(static fn (): PDO|mysqli => Databases::connect($name));
        $intake->onEvent(new Event('a.b', 'Zoë'), 'acme');
        // The event is accepted in the transaction that removes its row.
        $hookwright = Hookwright::open(static fn (): PDO|mysqli => Databases::connect($name), self::silent());
        self::assertSame([1, 0], [IntakeReader::of($hookwright)->accept(), IntakeReader::of($direct)->accept()]);
        self::assertCount(1, Hooks::messages($direct->storage()));
    }

    /** @dataProvider databases */
    public function testAnotherConnectionIsRefusedWhileATransactionIsOpenOnTheLastOne(string $name): void
    {
        $direct = Databases::store(Databases::connect($name));
        $connections = [Databases::connect($name), Databases::connect($name)];
        $current = 0;
        $hookwright = Hookwright::open(static function () use ($connections, &$current): PDO|mysqli {
            return $connections[$current];
        }, Hooks::config());
        $connections[0]->query('BEGIN');
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        $current = 1;
        $call = static fn () => $hookwright->onEvent(['type' => 'a.b'], 'acme');
        self::assertStringContainsString('another connection', Failures::of(InternalException::class, $call)->getMessage());
        $connections[0]->query('ROLLBACK');
        // Now it may be replaced.
        self::assertTrue($hookwright->onEvent(['type' => 'a.b', 'id' => 'kept'], 'acme')->isNew);
        self::assertCount(1, Hooks::messages($direct));
    }

    /**
     * @dataProvider others
     * @param Closure(): (PDO|mysqli) $other
     */
    public function testConnectionToAnotherDatabaseIsRefused(string $name, Closure $other): void
    {
        $direct = Databases::store($first = Databases::connect($name));
        $elsewhere = $other();
        SqlStorage::on($elsewhere)->createSchema();
        $current = $first;
        $hookwright = Hookwright::open(static function () use (&$current): PDO|mysqli {
            return $current;
        }, Hooks::config());
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        $current = $elsewhere;
        foreach ([false, true] as $inTransaction) {
            $inTransaction && $elsewhere->query('BEGIN');
            $call = static fn () => $hookwright->onEvent(['type' => 'a.c'], 'acme');
            $message = Failures::of(InternalException::class, $call)->getMessage();
            self::assertMatchesRegularExpression('/leads to `[^`]+`, but this store is in `[^`]+`/', $message);
            $inTransaction && $elsewhere->query('ROLLBACK');
        }
        $kept = array_column(Hooks::messages(SqlStorage::on($elsewhere)), 'value');
        self::assertStringNotContainsString('a.c', implode($kept));
        // Another connection to the same database is accepted.
        $current = Databases::connect($name);
        $hookwright->onEvent(['type' => 'a.d'], 'acme');
        self::assertCount(2, Hooks::messages($direct));
    }

    /** @return array<string, array{string, Closure(): (PDO|mysqli)}> */
    public static function others(): array
    {
        $maria = static fn (): string => Server::mariadb()->database('elsewhere');
        return [
            'a file of SQLite' => ['sqlite', static fn (): PDO => new PDO('sqlite:' . Folder::make() . '/other.db')],
            'a memory of SQLite' => ['sqlite', static fn (): PDO => new PDO('sqlite::memory:')],
            'another driver' => ['sqlite', static fn (): PDO => Databases::connect('postgres')],
            'a database of PostgreSQL' => ['postgres', static fn (): PDO =>
                new PDO(Server::postgres()->database('elsewhere'), 'hookwright')],
            'a schema of PostgreSQL' => ['postgres', self::inAnotherSchema(...)],
            'a database of MariaDB' => ['mariadb', static fn (): PDO => new PDO($maria(), 'root')],
            'a database of MariaDB by mysqli' => ['mysqli', static function () use ($maria): mysqli {
                $maria();
                $mysqli = Databases::connect('mysqli');
                $mysqli->select_db('elsewhere');
                return $mysqli;
            }],
        ];
    }

    public function testSameFileOfSqliteByAnotherPathIsAccepted(): void
    {
        $folder = Folder::make();
        symlink($folder, "$folder/link");
        $paths = ["$folder/one.db", "$folder/link/one.db"];
        $store = SqlStorage::on(static function () use (&$paths): PDO {
            return new PDO('sqlite:' . array_shift($paths));
        });
        $paths[] = "$folder/one.db";
        $store->createSchema();
        $store->commit([], [new Mutation('a', '1')]);
        self::assertSame('1', SqlStorage::on(new PDO("sqlite:$folder/one.db"))->get(['a'])[0]?->value);
    }

    /**
     * @dataProvider switches
     * @param Closure(PDO|mysqli): mixed $switch
     */
    public function testConnectionThatIsSwitchedToAnotherDatabaseIsRefused(string $name, Closure $switch): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $store->commit([], [new Mutation('known', '1')]);
        $switch($connection);
        SqlStorage::on($connection)->createSchema();
        foreach ([false, true] as $inTransaction) {
            $inTransaction && $connection->query('BEGIN');
            $call = static fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]);
            self::assertStringContainsString('leads to', Failures::of(StorageException::class, $call)->getMessage());
            $inTransaction && $connection->query('COMMIT');
        }
        self::assertNull(SqlStorage::on($connection)->get(['a'])[0]);
    }

    /** @return array<string, array{string, Closure(PDO|mysqli): mixed}> */
    public static function switches(): array
    {
        $use = static function (PDO|mysqli $connection): void {
            Server::mariadb()->database('elsewhere');
            $connection->query('USE elsewhere');
        };
        return [
            'postgres' => ['postgres', static function (PDO $connection): void {
                self::inAnotherSchema();
                $connection->query('SET search_path TO elsewhere');
            }],
            'mariadb' => ['mariadb', $use],
            'mysqli' => ['mysqli', $use],
        ];
    }

    public function testTableThatIsCreatedAgainIsUsed(): void
    {
        $connection = Databases::connect('postgres');
        $store = Databases::store($connection);
        $store->commit([], [new Mutation('a', '1')]);
        $connection->exec('DROP TABLE hookwright');
        $store->createSchema();
        $store->commit([], [new Mutation('a', '2')]);
        self::assertSame('2', $store->get(['a'])[0]?->value);
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        return array_intersect_key(Databases::all(), array_flip(['sqlite', 'postgres', 'mariadb', 'mysqli']));
    }

    /** Returns a configuration whose log lines are not printed. A closure that opens connections is logged. */
    private static function silent(): Config
    {
        return Hooks::config()->withLogger(new Lines());
    }

    private static function inAnotherSchema(): PDO
    {
        $connection = Databases::connect('postgres');
        $connection->exec('CREATE SCHEMA IF NOT EXISTS elsewhere');
        $connection->exec('SET search_path TO elsewhere');
        return $connection;
    }
}
