<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\Connections;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;
use Hookwright\Database\LazyConnection;
use Hookwright\Storage\CallRules;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Limits;
use mysqli;
use PDO;

/**
 * The store in one SQL table (`docs/sql-store.md`), on the platform's connection.
 *
 * A call within an open transaction of the platform takes part in it. Otherwise the call has a transaction of its own.
 */
final class SqlStorage implements Storage
{
    /** The SQLSTATEs of a `CREATE TABLE` that fails because another session creates the same table. */
    private const CONCURRENT_SCHEMA = ['23505', '42P07', '42710'];

    private readonly Session $session;
    private readonly Transactions $transactions;

    private function __construct(private readonly Connection $connection, private readonly Statements $statements)
    {
        $this->session = new Session($connection, $connection->dialect(), $statements);
        $this->transactions = new Transactions($this->session, $statements);
    }

    /**
     * Opens a store on a connection to SQLite, MySQL, MariaDB or PostgreSQL. Runs no statement.
     *
     * @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection a closure if the connection may be replaced; it is called at
     *     once, to see the dialect (`LazyStorage` waits for the first call), and then once for each call of the store
     * @throws DatabaseException if the closure has no connection
     */
    public static function on(PDO|mysqli|Connection|Closure $connection): self
    {
        $wrapped = Connections::wrap($connection);
        $store = new self($wrapped, match ($wrapped->dialect()) {
            Dialect::Sqlite => new SqliteStatements(),
            Dialect::Mysql => new MysqlStatements(),
            Dialect::Postgres => new PostgresStatements(),
        });
        if ($connection instanceof Closure && $wrapped instanceof LazyConnection) {
            // The first call may be much later.
            $wrapped->expire();
        }
        return $store;
    }

    /**
     * Returns the statements of `createSchema`, for a migration of the platform.
     *
     * @return list<string>
     */
    public static function schema(Dialect $dialect): array
    {
        return match ($dialect) {
            Dialect::Sqlite => SqliteStatements::schema(),
            Dialect::Mysql => MysqlStatements::schema(),
            Dialect::Postgres => PostgresStatements::schema(),
        };
    }

    /** Returns the connection. */
    public function connection(): Connection
    {
        return $this->connection;
    }

    public function inTransaction(): bool
    {
        return $this->session->inTransaction();
    }

    public function createSchema(): void
    {
        $this->createTables($this->statements::schema());
    }

    public function get(array $keys): array
    {
        CallRules::checkGet($keys);
        if ($keys === []) {
            return [];
        }
        $select = fn (bool $joined): array => $this->statements->selectKeys($this->connection, $keys, $joined);
        $found = [];
        foreach ($this->read($select) as $row) {
            $entry = Rows::entry($row);
            $found["k$entry->key"] = $entry;
        }
        return array_map(static fn (string $key): ?Entry => $found["k$key"] ?? null, $keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        CallRules::checkScan($start, $end, $limit);
        $key = $this->statements->keyColumn();
        $direction = $order === Order::Reverse ? 'DESC' : 'ASC';
        $sql = "SELECT $key, value, version FROM hookwright WHERE $key >= ? AND $key < ? ORDER BY $key $direction LIMIT $limit";
        return array_map(Rows::entry(...), $this->read(fn (): array => $this->connection->query($sql, [$start, $end])));
    }

    public function commit(array $checks, array $mutations): array
    {
        CallRules::checkCommit($checks, $mutations);
        return $this->session->run(function (bool $joined) use ($checks, $mutations): array {
            $apply = fn (): array => $this->statements->apply($this->connection, $checks, $mutations, $joined);
            return $joined ? $this->transactions->joined($apply) : $this->transactions->own($apply);
        });
    }

    /**
     * Creates tables, outside any transaction.
     *
     * @internal
     * @param list<string> $schema
     */
    public function createTables(array $schema): void
    {
        if ($this->inTransaction()) {
            // MySQL would commit it.
            throw StorageException::invalid('a transaction is open: create the tables outside any transaction');
        }
        array_map($this->createTable(...), $schema);
    }

    /**
     * Runs statements in a transaction of the store. Calls of the store within it take part in it.
     *
     * @internal
     * @template T of array
     * @param callable(Connection): T $run
     * @return T
     */
    public function transaction(callable $run): array
    {
        if ($this->inTransaction()) {
            throw StorageException::invalid('a transaction is open: call it after the commit');
        }
        return $this->session->hold(fn (): array => $this->transactions->own(fn (): array => $run($this->connection)));
    }

    /**
     * Runs statements on the connection with the settings of the store.
     *
     * @internal
     * @template T
     * @param callable(Connection): T $run
     * @return T
     */
    public function withConnection(callable $run): mixed
    {
        return $this->session->run(function (bool $joined) use ($run): mixed {
            try {
                return $run($this->connection);
            } catch (DatabaseException $error) {
                throw $this->statements->failed($joined ? $error : $this->session->note($error));
            }
        });
    }

    /**
     * @param callable(bool $joined): list<list<string|int|null>> $read
     * @return list<list<string|int|null>>
     */
    private function read(callable $read): array
    {
        return $this->session->run(function (bool $joined) use ($read): array {
            if ($joined) {
                // In PostgreSQL, a failed statement fails the whole transaction until a rollback to a savepoint.
                return $this->transactions->joined(static fn (): array => $read(true));
            }
            try {
                return $read(false);
            } catch (DatabaseException $error) {
                throw $this->statements->failed($this->session->note($error));
            }
        });
    }

    private function createTable(string $sql): void
    {
        for ($left = Limits::SCHEMA_RETRIES_MAX; true; $left -= 1) {
            try {
                $this->connection->execute($sql);
                return;
            } catch (DatabaseException $error) {
                if ($left === 0 || !in_array($error->sqlState, self::CONCURRENT_SCHEMA, true)) {
                    throw StorageException::notApplied("cannot create the table: {$error->getMessage()}", $error);
                }
            }
        }
    }
}
