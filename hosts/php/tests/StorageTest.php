<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Database\PdoConnection;
use Hookwright\Storage\Check;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Server;
use Hookwright\Tests\Support\Watched;
use mysqli;
use PDO;
use PHPUnit\Framework\TestCase;

/** What the storage kit does not try: the platform's open transaction, and connections of every kind. */
final class StorageTest extends TestCase
{
    private const VALUE = '{"name":"Zoë 😀 \\" \' \\\\ {a,b} ? :x $1"}';

    /** @dataProvider databases */
    public function testRowsComeBackAsTheyWentIn(string $name): void
    {
        $store = Databases::store(Databases::connect($name));
        $versions = $store->commit([new Check('a/1', null)], [new Mutation('a/1', self::VALUE), new Mutation('7', '1')]);
        [$first, $none, $digits] = $store->get(['a/1', 'none', '7']);
        self::assertEquals(new Entry('a/1', self::VALUE, $versions[0]), $first);
        self::assertNull($none);
        self::assertEquals(new Entry('7', '1', $versions[1]), $digits);
        self::assertEquals([$first, $digits], $store->scan('!', '~', 10, Order::Reverse));
        // And another connection, which speaks utf8mb4, sees the same.
        $other = SqlStorage::on(Databases::connect(explode('-', $name)[0]));
        self::assertSame(self::VALUE, $other->get(['a/1'])[0]?->value);
    }

    public function testWhatAConnectionOfPostgresSpeaksIsPutBack(): void
    {
        $connection = Databases::connect('postgres-latin1');
        $store = Databases::store($connection);
        $store->commit([], [new Mutation('a', self::VALUE)]);
        foreach (['ROLLBACK', 'COMMIT'] as $end) {
            self::begin($connection);
            self::failure(static fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
            self::assertSame('LATIN1', $connection->query('SHOW client_encoding')->fetchColumn());
            $connection->query($end);
            self::assertSame('LATIN1', $connection->query('SHOW client_encoding')->fetchColumn());
        }
    }

    public function testADatabaseOfPostgresThatCannotHoldEveryLetterIsRefused(): void
    {
        Databases::connect('postgres')->query('DROP DATABASE IF EXISTS narrow');
        Databases::connect('postgres')->query("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1'");
        $connection = new PDO('pgsql:host=' . Server::postgres()->folder . ';dbname=narrow', 'hookwright');
        $failed = self::failure(static fn () => SqlStorage::on($connection)->get(['a']));
        self::assertSame('invalid', $failed->kind);
        self::assertStringContainsString('LATIN1', $failed->getMessage());
    }

    /** @dataProvider databases */
    public function testACommitTakesPartInAnOpenTransaction(string $name): void
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
    public function testWhatFailsWithinATransactionLeavesItWhole(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        [$version] = $store->commit([], [new Mutation('a', '1')]);
        self::begin($connection);
        $store->commit([], [new Mutation('mine', '1')]);
        $changes = [new Mutation('b', '1'), new Mutation('a', '2')];
        $failed = self::failure(fn () => $store->commit([new Check('b', null), new Check('a', null)], $changes));
        self::assertSame(['conflict', [1]], [$failed->kind, $failed->failed]);
        $failed = self::failure(fn () => $store->commit([new Check('a', $version . '0')], [new Mutation('b', '1')]));
        self::assertSame(['conflict', [0]], [$failed->kind, $failed->failed]);
        $store->commit([new Check('a', $version)], [new Mutation('a', '3')]);
        $connection->query('COMMIT');
        $values = array_map(static fn (?Entry $row): ?string => $row?->value, $store->get(['mine', 'a', 'b']));
        self::assertSame(['1', '3', null], $values);
    }

    /** @dataProvider databases */
    public function testTransactionsThatAcceptDoNotWaitForEachOther(string $name): void
    {
        if ($name === 'sqlite') {
            // One writer at a time: the second waits, and then the transaction is lost, as it is said.
            self::assertSame('transaction-aborted', $this->whatTheSecondWriterIsTold($name)->kind);
            return;
        }
        $first = Databases::connect($name);
        $second = Databases::connect($name);
        Databases::store($first)->commit([], [new Mutation('msg/m', '0')]);
        self::begin($first);
        self::begin($second);
        foreach ([[$first, '1'], [$second, '2'], [$first, '3'], [$second, '4']] as [$connection, $id]) {
            $store = SqlStorage::on($connection);
            $keys = ["msg/$id", "inbox/$id"];
            $store->commit(
                array_map(static fn (string $key): Check => new Check($key, null), $keys),
                array_map(static fn (string $key): Mutation => new Mutation($key, '1'), $keys),
            );
        }
        $first->query('COMMIT');
        $second->query('COMMIT');
        self::assertCount(9, SqlStorage::on($first)->scan('!', '~', 100, Order::Forward));
    }

    /** @dataProvider databases */
    public function testWhatAConflictRanIntoIsSeenWithinATransactionThatReadsASnapshot(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $other = SqlStorage::on(Databases::connect($name));
        self::begin($connection);
        self::read($connection);
        $other->commit([], [new Mutation('a', '"of another"')]);
        $failed = self::failure(fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
        if ($name === 'sqlite') {
            // A snapshot that is too old cannot be written to.
            self::assertSame('transaction-aborted', $failed->kind);
        } else {
            self::assertSame('conflict', $failed->kind);
            self::assertSame('"of another"', $store->get(['a'])[0]?->value);
        }
        $connection->query('ROLLBACK');
    }

    /** @dataProvider mysql */
    public function testWithoutAutocommitThereIsAlwaysATransaction(string $name): void
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
        // The other way about: the server does not speak of a transaction before its first statement.
        $store->commit([new Check('a', null)], [new Mutation('a', '1')]);
        $connection->query($mine);
        $connection->query('ROLLBACK');
        self::assertSame([null, null], $store->get(['a', 'mine']));
        $connection->query('ROLLBACK');
        $connection->query('SET autocommit = 1');
        self::assertFalse($store->inTransaction());
    }

    /** @dataProvider databases */
    public function testATableIsNotMadeWithinATransaction(string $name): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        self::begin($connection);
        self::assertSame('invalid', self::failure(static fn () => $store->createSchema())->kind);
        $connection->query('ROLLBACK');
    }

    public function testALockThatIsWaitedForTooLongWithinATransactionIsSaidToHaveEndedIt(): void
    {
        $connection = Databases::connect('mariadb');
        Databases::store($connection)->commit([], [new Mutation('a', '1'), new Mutation('b', '1')]);
        $other = Databases::connect('mariadb');
        $other->query('SET SESSION innodb_lock_wait_timeout = 1');
        self::begin($connection);
        SqlStorage::on($connection)->commit([], [new Mutation('a', '2')]);
        self::begin($other);
        $failed = self::failure(static fn () => SqlStorage::on($other)->commit([], [new Mutation('a', '3')]));
        self::assertSame('transaction-aborted', $failed->kind);
        $other->query('ROLLBACK');
        $connection->query('COMMIT');
    }

    public function testAFailedTransactionOfPostgresIsSaidToBeLost(): void
    {
        $connection = Databases::connect('postgres');
        $store = Databases::store($connection);
        $connection->query('BEGIN');
        try {
            $connection->query('SELECT nonsense');
            self::fail('that is nonsense');
        } catch (\PDOException) {
        }
        $failed = self::failure(static fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
        self::assertSame('transaction-aborted', $failed->kind);
        $connection->query('ROLLBACK');
    }

    public function testALostConnectionIsNoUnknownCommitBeforeItsEnd(): void
    {
        foreach (['postgres' => 'SELECT pg_backend_pid()', 'mariadb' => 'SELECT CONNECTION_ID()'] as $name => $sql) {
            $connection = Databases::connect($name);
            $store = Databases::store($connection);
            $id = $connection->query($sql)->fetchColumn();
            $other = Databases::connect($name);
            $other->query($name === 'postgres' ? "SELECT pg_terminate_backend($id)" : "KILL $id");
            $failed = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
            self::assertSame('not-applied', $failed->kind, $failed->getMessage());
        }
    }

    public function testAConnectionThatFlushesLessIsMadeToFlush(): void
    {
        $connection = Databases::connect('sqlite');
        Databases::store($connection);
        $connection->exec('PRAGMA synchronous = OFF');
        $setting = static fn (): int => (int) $connection->query('PRAGMA synchronous')->fetchColumn();
        $watched = new Watched(new PdoConnection($connection), static fn (string $sql) => match ($sql) {
            'COMMIT' => self::assertSame(2, $setting()),
            default => null,
        });
        SqlStorage::on($watched)->commit([], [new Mutation('a', '1')]);
        self::assertContains('COMMIT', $watched->seen);
        self::assertSame(0, $setting());
    }

    public function testAConnectionOfPostgresThatDoesNotWaitForItsCommitsIsMadeTo(): void
    {
        $connection = Databases::connect('postgres');
        Databases::store($connection);
        $setting = static fn (): string => $connection->query('SHOW synchronous_commit')->fetchColumn();
        foreach (['off' => 'on', 'local' => 'local', 'on' => 'on'] as $platforms => $ours) {
            $connection->query("SET synchronous_commit = $platforms");
            $watched = new Watched(new PdoConnection($connection), static fn (string $sql) => match ($sql) {
                'COMMIT' => self::assertSame($ours, $setting()),
                default => null,
            });
            SqlStorage::on($watched)->commit([], [new Mutation('a', '1')]);
            self::assertContains('COMMIT', $watched->seen);
            self::assertSame($platforms, $setting());
        }
    }

    /** @dataProvider transactionsOfSqlite */
    public function testARowThatThePlatformHasNotFinishedWritingIsLeftAlone(?string $begin, ?string $end): void
    {
        $connection = Databases::connect('sqlite');
        $store = Databases::store($connection);
        $connection->exec('DROP TABLE IF EXISTS invoices');
        $connection->exec('CREATE TABLE invoices (id INTEGER PRIMARY KEY)');
        $begin === null || $connection->exec($begin);
        $statement = $connection->prepare('INSERT INTO invoices DEFAULT VALUES RETURNING id');
        $statement->execute();
        self::assertEquals(1, $statement->fetchColumn());
        self::assertSame($begin !== null, $store->inTransaction());
        $failed = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
        self::assertSame('not-applied', $failed->kind);
        self::assertStringContainsString('fetch all rows of the statement', $failed->getMessage());
        $statement = null;
        $store->commit([], [new Mutation('a', '1')]);
        $end === null || $connection->exec($end);
        $other = Databases::connect('sqlite');
        self::assertEquals(1, $other->query('SELECT COUNT(*) FROM invoices')->fetchColumn());
        self::assertSame('1', SqlStorage::on($other)->get(['a'])[0]?->value);
    }

    public function testATransactionThatSqliteHasEndedByItselfIsSaidToBeLost(): void
    {
        $connection = Databases::connect('sqlite');
        $store = Databases::store($connection);
        $connection->exec('DROP TABLE IF EXISTS invoices');
        $connection->exec('CREATE TABLE invoices (id INTEGER UNIQUE)');
        $connection->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_SILENT);
        $connection->beginTransaction();
        $connection->exec('INSERT INTO invoices VALUES (1)');
        $connection->exec('INSERT OR ROLLBACK INTO invoices VALUES (1)');
        if (!$connection->inTransaction()) {
            // A PDO that asks SQLite leaves nothing to be told.
            self::assertFalse($store->inTransaction());
            $store->commit([], [new Mutation('a', '1')]);
            self::assertSame('1', SqlStorage::on(Databases::connect('sqlite'))->get(['a'])[0]?->value);
            return;
        }
        $failed = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
        self::assertSame('transaction-aborted', $failed->kind);
        self::assertNull(SqlStorage::on(Databases::connect('sqlite'))->get(['a'])[0]);
        self::assertSame('transaction-aborted', self::failure(static fn () => $store->inTransaction())->kind);
    }

    public function testACharacterSetInWhichQuotesMayBeHalfALetterIsRefused(): void
    {
        $connection = Databases::connect('mysqli');
        $connection->set_charset('gbk');
        $failed = self::failure(static fn () => SqlStorage::on($connection)->get(['a']));
        self::assertSame('invalid', $failed->kind);
        self::assertStringContainsString('gbk', $failed->getMessage());
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        return Databases::all();
    }

    /** @return array<string, array{string}> */
    public static function mysql(): array
    {
        return array_filter(Databases::all(), static fn (array $name): bool => preg_match('/^m/', $name[0]) === 1);
    }

    /** @return array<string, array{?string, ?string}> */
    public static function transactionsOfSqlite(): array
    {
        return ['none' => [null, null], 'begun' => ['BEGIN', 'COMMIT'], 'a savepoint' => ['SAVEPOINT mine', 'RELEASE mine']];
    }

    private function whatTheSecondWriterIsTold(string $name): StorageException
    {
        $first = Databases::connect($name);
        $second = Databases::connect($name);
        $second->exec('PRAGMA busy_timeout = 50');
        Databases::store($first);
        self::begin($first);
        self::begin($second);
        SqlStorage::on($first)->commit([], [new Mutation('a', '1')]);
        $failed = self::failure(static fn () => SqlStorage::on($second)->commit([], [new Mutation('b', '1')]));
        $first->query('ROLLBACK');
        $second->query('ROLLBACK');
        return $failed;
    }

    private static function begin(PDO|mysqli $connection): void
    {
        self::assertNotFalse($connection->query('BEGIN'));
    }

    private static function read(PDO|mysqli $connection): void
    {
        $result = $connection->query('SELECT COUNT(*) FROM hookwright');
        $result instanceof \PDOStatement ? $result->fetchAll() : $result->fetch_all();
    }

    private static function failure(callable $call): StorageException
    {
        try {
            $call();
        } catch (StorageException $error) {
            return $error;
        }
        self::fail('nothing was refused');
    }
}
