<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Check;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use mysqli;
use PDO;
use PHPUnit\Framework\TestCase;

/** The SQL store within the platform's open transaction, which the storage kit does not test. */
final class StorageTest extends TestCase
{
    private const VALUE = '{"name":"Zoë 😀 \\" \' \\\\ {a,b} ? :x $1"}';

    /** @dataProvider databases */
    public function testStoredRowIsReturnedUnchanged(string $name): void
    {
        $store = Databases::store(Databases::connect($name));
        $versions = $store->commit([new Check('a/1', null)], [new Mutation('a/1', self::VALUE), new Mutation('7', '1')]);
        [$first, $none, $digits] = $store->get(['a/1', 'none', '7']);
        self::assertEquals(new Entry('a/1', self::VALUE, $versions[0]), $first);
        self::assertNull($none);
        self::assertEquals(new Entry('7', '1', $versions[1]), $digits);
        self::assertEquals([$first, $digits], $store->scan('!', '~', 10, Order::Reverse));
        // A connection with another character set reads the same.
        $other = SqlStorage::on(Databases::connect(explode('-', $name)[0]));
        self::assertSame(self::VALUE, $other->get(['a/1'])[0]?->value);
    }

    /** @dataProvider databases */
    public function testCommitWithinATransactionTakesPartInIt(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $other = SqlStorage::on(Databases::connect($name));
        self::assertFalse($store->inTransaction());
        self::begin($connection);
        self::assertTrue($store->inTransaction());
        $store->commit([new Check('a', null)], [new Mutation('a', '1')]);
        self::assertSame('1', $store->get(['a'])[0]?->value);
        self::assertNull($other->get(['a'])[0]);
        $connection->query('ROLLBACK');
        self::assertFalse($store->inTransaction());
        self::assertNull($store->get(['a'])[0]);

        self::begin($connection);
        $store->commit([new Check('a', null)], [new Mutation('a', '2')]);
        $connection->query('COMMIT');
        self::assertSame('2', $other->get(['a'])[0]?->value);
    }

    /** @dataProvider databases */
    public function testConflictWithinATransactionKeepsTheEarlierChanges(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        [$version] = $store->commit([], [new Mutation('a', '1')]);
        self::begin($connection);
        $store->commit([], [new Mutation('mine', '1')]);
        $changes = [new Mutation('b', '1'), new Mutation('a', '2')];
        $error = self::failure(fn () => $store->commit([new Check('b', null), new Check('a', null)], $changes));
        self::assertSame(['conflict', [1]], [$error->kind, $error->failed]);
        $error = self::failure(fn () => $store->commit([new Check('a', $version . '0')], [new Mutation('b', '1')]));
        self::assertSame(['conflict', [0]], [$error->kind, $error->failed]);
        $store->commit([new Check('a', $version)], [new Mutation('a', '3')]);
        $connection->query('COMMIT');
        $values = array_map(static fn (?Entry $row): ?string => $row?->value, $store->get(['mine', 'a', 'b']));
        self::assertSame(['1', '3', null], $values);
    }

    /** @dataProvider servers */
    public function testTransactionsThatAcceptDoNotWaitForEachOther(string $name): void
    {
        $first = Databases::connect($name);
        $second = Databases::connect($name);
        Databases::store($first)->commit([], [new Mutation('message/m', '0')]);
        self::begin($first);
        self::begin($second);
        foreach ([[$first, '1'], [$second, '2'], [$first, '3'], [$second, '4']] as [$connection, $id]) {
            $keys = ["message/$id", "inbox/$id"];
            SqlStorage::on($connection)->commit(
                array_map(static fn (string $key): Check => new Check($key, null), $keys),
                array_map(static fn (string $key): Mutation => new Mutation($key, '1'), $keys),
            );
        }
        $first->query('COMMIT');
        $second->query('COMMIT');
        self::assertCount(9, SqlStorage::on($first)->scan('!', '~', 100, Order::Forward));
    }

    public function testSecondWriterOfSqliteLosesItsTransaction(): void
    {
        $first = Databases::connect('sqlite');
        $second = Databases::connect('sqlite');
        $second->exec('PRAGMA busy_timeout = 50');
        Databases::store($first);
        self::begin($first);
        self::begin($second);
        SqlStorage::on($first)->commit([], [new Mutation('a', '1')]);
        $error = self::failure(static fn () => SqlStorage::on($second)->commit([], [new Mutation('b', '1')]));
        self::assertSame('transaction-aborted', $error->kind);
        $first->query('ROLLBACK');
        $second->query('ROLLBACK');
    }

    /** @dataProvider databases */
    public function testRowOfAConflictIsVisibleInATransactionWithAnOlderSnapshot(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $other = SqlStorage::on(Databases::connect($name));
        self::begin($connection);
        self::read($connection);
        $other->commit([], [new Mutation('a', '"of another"')]);
        $error = self::failure(fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
        if ($name === 'sqlite') {
            // SQLite refuses to write in a transaction with an older snapshot.
            self::assertSame('transaction-aborted', $error->kind);
        } else {
            self::assertSame('conflict', $error->kind);
            self::assertSame('"of another"', $store->get(['a'])[0]?->value);
        }
        $connection->query('ROLLBACK');
    }

    /** @dataProvider mysql */
    public function testWithoutAutocommitEveryCallIsWithinATransaction(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $connection->query('SET autocommit = 0');
        $mine = 'INSERT INTO hookwright (`key`, value) VALUES ("mine", "1")';
        $connection->query($mine);
        $store->commit([new Check('a', null)], [new Mutation('a', '1')]);
        $connection->query('ROLLBACK');
        self::assertSame([null, null], $store->get(['a', 'mine']));
        $connection->query('ROLLBACK');
        // In the other order: the server reports no transaction before its first statement.
        $store->commit([new Check('a', null)], [new Mutation('a', '1')]);
        $connection->query($mine);
        $connection->query('ROLLBACK');
        self::assertSame([null, null], $store->get(['a', 'mine']));
        $connection->query('ROLLBACK');
        $connection->query('SET autocommit = 1');
        self::assertFalse($store->inTransaction());
    }

    /** @dataProvider databases */
    public function testSchemaWithinATransactionIsRefused(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        self::begin($connection);
        self::assertSame('invalid', self::failure(static fn () => $store->createSchema())->kind);
        $connection->query('ROLLBACK');
    }

    public function testLockTimeoutWithinATransactionAbortsIt(): void
    {
        $connection = Databases::connect('mariadb');
        Databases::store($connection)->commit([], [new Mutation('a', '1'), new Mutation('b', '1')]);
        $other = Databases::connect('mariadb');
        $other->query('SET SESSION innodb_lock_wait_timeout = 1');
        self::begin($connection);
        SqlStorage::on($connection)->commit([], [new Mutation('a', '2')]);
        self::begin($other);
        $error = self::failure(static fn () => SqlStorage::on($other)->commit([], [new Mutation('a', '3')]));
        self::assertSame('transaction-aborted', $error->kind);
        $other->query('ROLLBACK');
        $connection->query('COMMIT');
    }

    public function testCommitWithinAFailedTransactionOfPostgresIsAborted(): void
    {
        $connection = Databases::connect('postgres');
        $store = Databases::store($connection);
        $connection->query('BEGIN');
        Failures::of(\PDOException::class, static fn () => $connection->query('SELECT nonsense'));
        $error = self::failure(static fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
        self::assertSame('transaction-aborted', $error->kind);
        $connection->query('ROLLBACK');
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        return Databases::all();
    }

    /** @return array<string, array{string}> */
    public static function servers(): array
    {
        return array_diff_key(Databases::all(), ['sqlite' => 0]);
    }

    /** @return array<string, array{string}> */
    public static function mysql(): array
    {
        return array_filter(Databases::all(), static fn (array $name): bool => str_starts_with($name[0], 'm'));
    }

    private static function begin(PDO|mysqli $connection): void
    {
        self::assertNotFalse($connection->query('BEGIN'));
    }

    /** Reads, so that the transaction has a snapshot. */
    private static function read(PDO|mysqli $connection): void
    {
        $result = $connection->query('SELECT COUNT(*) FROM hookwright');
        $result instanceof \PDOStatement ? $result->fetchAll() : $result->fetch_all();
    }

    private static function failure(callable $call): StorageException
    {
        return Failures::of(StorageException::class, $call);
    }
}
