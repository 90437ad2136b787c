<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Database\PdoConnection;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Server;
use Hookwright\Tests\Support\WatchedConnection;
use PDO;
use PHPUnit\Framework\TestCase;

/** The SQL store on connections with unusual settings, and in unusual states. */
final class ConnectionTest extends TestCase
{
    public function testEncodingOfAPostgresConnectionIsRestoredAfterACall(): void
    {
        $connection = Databases::connect('postgres-latin1');
        $store = Databases::store($connection);
        $store->commit([], [new Mutation('a', '"Zoë 😀"')]);
        foreach (['ROLLBACK', 'COMMIT'] as $end) {
            $connection->query('BEGIN');
            self::failure(static fn () => $store->commit([new Check('a', null)], [new Mutation('a', '1')]));
            self::assertSame('LATIN1', $connection->query('SHOW client_encoding')->fetchColumn());
            $connection->query($end);
            self::assertSame('LATIN1', $connection->query('SHOW client_encoding')->fetchColumn());
        }
    }

    public function testPostgresDatabaseThatCannotHoldEveryLetterIsRefused(): void
    {
        Databases::connect('postgres')->query('DROP DATABASE IF EXISTS narrow');
        Databases::connect('postgres')->query("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1'");
        $connection = new PDO('pgsql:host=' . Server::postgres()->folder . ';dbname=narrow', 'hookwright');
        $error = self::failure(static fn () => SqlStorage::on($connection)->get(['a']));
        self::assertSame('invalid', $error->kind);
        self::assertStringContainsString('LATIN1', $error->getMessage());
    }

    public function testCharacterSetWithAsciiBytesInLettersIsRefused(): void
    {
        $connection = Databases::connect('mysqli');
        $connection->set_charset('gbk');
        $error = self::failure(static fn () => SqlStorage::on($connection)->get(['a']));
        self::assertSame('invalid', $error->kind);
        self::assertStringContainsString('gbk', $error->getMessage());
    }

    /** @dataProvider connectionIds */
    public function testConnectionLostBeforeTheCommitIsNotApplied(string $name, string $select, string $kill): void
    {
        $connection = Databases::connect($name);
        $store = Databases::store($connection);
        $id = $connection->query($select)->fetchColumn();
        Databases::connect($name)->query(sprintf($kill, $id));
        $error = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
        self::assertSame('not-applied', $error->kind, $error->getMessage());
    }

    /** @return array<string, array{string, string, string}> */
    public static function connectionIds(): array
    {
        return [
            'postgres' => ['postgres', 'SELECT pg_backend_pid()', 'SELECT pg_terminate_backend(%d)'],
            'mariadb' => ['mariadb', 'SELECT CONNECTION_ID()', 'KILL %d'],
        ];
    }

    public function testSqliteConnectionFlushesDuringACommitAndKeepsItsSetting(): void
    {
        $connection = Databases::connect('sqlite');
        Databases::store($connection);
        $connection->exec('PRAGMA synchronous = OFF');
        $setting = static fn (): int => (int) $connection->query('PRAGMA synchronous')->fetchColumn();
        $watched = new WatchedConnection(new PdoConnection($connection), static fn (string $sql) => match ($sql) {
            'COMMIT' => self::assertSame(2, $setting()),
            default => null,
        });
        SqlStorage::on($watched)->commit([], [new Mutation('a', '1')]);
        self::assertContains('COMMIT', $watched->statements);
        self::assertSame(0, $setting());
    }

    public function testPostgresConnectionWaitsForItsCommitAndKeepsItsSetting(): void
    {
        $connection = Databases::connect('postgres');
        Databases::store($connection);
        $setting = static fn (): string => $connection->query('SHOW synchronous_commit')->fetchColumn();
        foreach (['off' => 'on', 'local' => 'local', 'on' => 'on'] as $before => $during) {
            $connection->query("SET synchronous_commit = $before");
            $watched = new WatchedConnection(new PdoConnection($connection), static fn (string $sql) => match ($sql) {
                'COMMIT' => self::assertSame($during, $setting()),
                default => null,
            });
            SqlStorage::on($watched)->commit([], [new Mutation('a', '1')]);
            self::assertContains('COMMIT', $watched->statements);
            self::assertSame($before, $setting());
        }
    }

    /** @dataProvider transactionsOfSqlite */
    public function testUnfinishedWriteOfThePlatformIsKept(?string $begin, ?string $end): void
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
        $error = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
        self::assertSame('not-applied', $error->kind);
        self::assertStringContainsString('fetch all rows of the writing statement', $error->getMessage());
        $statement = null;
        $store->commit([], [new Mutation('a', '1')]);
        $end === null || $connection->exec($end);
        $other = Databases::connect('sqlite');
        self::assertEquals(1, $other->query('SELECT COUNT(*) FROM invoices')->fetchColumn());
        self::assertSame('1', SqlStorage::on($other)->get(['a'])[0]?->value);
    }

    /** @return array<string, array{?string, ?string}> */
    public static function transactionsOfSqlite(): array
    {
        return ['none' => [null, null], 'begun' => ['BEGIN', 'COMMIT'], 'a savepoint' => ['SAVEPOINT mine', 'RELEASE mine']];
    }

    public function testTransactionThatSqliteHasEndedIsAborted(): void
    {
        $connection = Databases::connect('sqlite');
        $store = Databases::store($connection);
        $connection->exec('DROP TABLE IF EXISTS invoices');
        $connection->exec('CREATE TABLE invoices (id INTEGER UNIQUE)');
        $connection->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_SILENT);
        $connection->beginTransaction();
        $connection->exec('INSERT INTO invoices VALUES (1)');
        $connection->exec('INSERT OR ROLLBACK INTO invoices VALUES (1)');
        $other = SqlStorage::on(Databases::connect('sqlite'));
        if (!$connection->inTransaction()) {
            // This version of PDO asks SQLite, so the store sees that no transaction is open.
            self::assertFalse($store->inTransaction());
            $store->commit([], [new Mutation('a', '1')]);
            self::assertSame('1', $other->get(['a'])[0]?->value);
            return;
        }
        $error = self::failure(static fn () => $store->commit([], [new Mutation('a', '1')]));
        self::assertSame('transaction-aborted', $error->kind);
        self::assertNull($other->get(['a'])[0]);
        self::assertSame('transaction-aborted', self::failure(static fn () => $store->inTransaction())->kind);
    }

    private static function failure(callable $call): StorageException
    {
        return Failures::of(StorageException::class, $call);
    }
}
