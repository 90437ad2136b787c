<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;
use Hookwright\Database\LazyConnection;
use Hookwright\Database\MysqliConnection;
use Hookwright\Database\PdoConnection;
use Hookwright\Internal\Contract;
use Hookwright\Internal\Limits;
use mysqli;
use PDO;
use Throwable;

/**
 * The one SQL table (`docs/sql-store.md`) on the platform's own connection. This class decides how a call begins and ends: a
 * transaction of its own, or, where the platform has one open, a savepoint within that. The statements are the databases'.
 */
abstract class SqlStorage implements Storage
{
    /** The column's name, as the database wants it quoted. */
    protected const KEY = 'key';
    private const SAVEPOINT = 'SAVEPOINT hookwright';
    private const RELEASE = 'RELEASE SAVEPOINT hookwright';
    private const UNDO = 'ROLLBACK TO SAVEPOINT hookwright';

    /** Whose translation is known. */
    private ?Connection $known = null;
    /** @var ?array{string, string} */
    private ?array $translation = null;
    /** The connection that was lost while no transaction of the platform's was open on it. */
    private ?Connection $lost = null;

    final protected function __construct(protected readonly Connection $connection)
    {
    }

    /**
     * A store on a connection of SQLite, MySQL, MariaDB or PostgreSQL. Reads and changes nothing yet.
     *
     * @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection a closure where the connection may be replaced; it is
     *     asked at once, to see which database it is of (`LazyStorage` waits for the first call)
     * @throws DatabaseException if the closure has no connection
     */
    public static function on(PDO|mysqli|Connection|Closure $connection): self
    {
        $connection = self::wrapped($connection);
        return match ($connection->dialect()) {
            Dialect::Sqlite => new SqliteStorage($connection),
            Dialect::Mysql => new MysqlStorage($connection),
            Dialect::Postgres => new PostgresStorage($connection),
        };
    }

    /**
     * @internal
     * @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection
     */
    final public static function wrapped(PDO|mysqli|Connection|Closure $connection): Connection
    {
        return match (true) {
            $connection instanceof PDO => new PdoConnection($connection),
            $connection instanceof mysqli => new MysqliConnection($connection),
            $connection instanceof Closure => new LazyConnection($connection),
            default => $connection,
        };
    }

    /**
     * What `createSchema` runs, for a migration of the platform's own.
     *
     * @return list<string>
     */
    abstract public static function schema(): array;

    public function connection(): Connection
    {
        return $this->connection;
    }

    public function inTransaction(): bool
    {
        try {
            $this->find();
            return $this->connection->inTransaction();
        } catch (DatabaseException $error) {
            throw $error->sqlState === DatabaseException::TRANSACTION_ENDED
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : StorageException::notApplied($error->getMessage(), $error);
        }
    }

    public function createSchema(): void
    {
        $this->create(static::schema());
    }

    /**
     * @internal
     * @param list<string> $schema
     */
    public function create(array $schema): void
    {
        if ($this->inTransaction()) {
            // MySQL would commit it.
            throw StorageException::invalid('a transaction is open: make the table before it begins');
        }
        foreach ($schema as $sql) {
            $this->createOnce($sql);
        }
    }

    /**
     * Runs statements in a transaction of their own, in which the store's calls take part.
     *
     * @internal
     * @template T of array
     * @param callable(Connection): T $run
     * @return T
     */
    public function transaction(callable $run): array
    {
        return $this->inOwnTransaction(fn (): array => $run($this->connection));
    }

    /**
     * Runs statements with the connection as the store needs it.
     *
     * @internal
     * @template T
     * @param callable(Connection): T $run
     * @return T
     */
    public function guard(callable $run): mixed
    {
        return $this->guarded(function (bool $joined) use ($run): mixed {
            try {
                return $run($this->connection);
            } catch (DatabaseException $error) {
                throw $this->refused($joined ? $error : $this->noted($error));
            }
        });
    }

    public function get(array $keys): array
    {
        Contract::validateGet($keys);
        if ($keys === []) {
            return [];
        }
        $found = [];
        foreach ($this->reading(fn (bool $joined): array => $this->selectKeys($keys, $joined)) as $row) {
            $entry = self::entry($row);
            // Keys of digits alone would become integers.
            $found["k$entry->key"] = $entry;
        }
        return array_map(static fn (string $key): ?Entry => $found["k$key"] ?? null, $keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        Contract::validateScan($start, $end, $limit);
        $rows = $this->reading(fn (): array => $this->selectRange($start, $end, $limit, $order === Order::Reverse));
        return array_map(self::entry(...), $rows);
    }

    public function commit(array $checks, array $mutations): array
    {
        Contract::validateCommit($checks, $mutations);
        return $this->guarded(fn (bool $joined): array => $joined
            ? $this->withinSavepoint(fn (): array => $this->apply($checks, $mutations, true))
            : $this->inOwnTransaction(fn (): array => $this->apply($checks, $mutations, false)));
    }

    /**
     * Rows as key, value, version, in any order.
     *
     * @param non-empty-list<string> $keys
     * @return list<list<string|int|null>>
     */
    abstract protected function selectKeys(array $keys, bool $joined): array;

    /** @return list<list<string|int|null>> */
    private function selectRange(string $start, string $end, int $limit, bool $reverse): array
    {
        $key = static::KEY;
        $order = $reverse ? 'DESC' : 'ASC';
        return $this->connection->query(
            "SELECT $key, value, version FROM hookwright WHERE $key >= ? AND $key < ? ORDER BY $key $order LIMIT $limit",
            [$start, $end],
        );
    }

    /**
     * The statements of a commit inside whatever transaction is open.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     * @return list<string> the versions of the keys put, in the order of the puts
     */
    abstract protected function apply(array $checks, array $mutations, bool $joined): array;

    /** @return list<string> the statements that begin a transaction of the store's own */
    abstract protected function begin(): array;

    /** What a failed statement means before `COMMIT` was sent: nothing can have been applied. */
    abstract protected function refused(DatabaseException $error): StorageException;

    /** What a failed `COMMIT` means. */
    abstract protected function ended(DatabaseException $error): StorageException;

    /** Whether a failed statement leaves the platform's transaction in a state that only a rollback ends. */
    abstract protected function losesTransaction(DatabaseException $error): bool;

    /** Whether the connection is gone. */
    abstract protected function isLost(DatabaseException $error): bool;

    /**
     * Runs a call with the connection as the store needs it, and puts it back.
     *
     * @template T
     * @param callable(bool $joined): T $call
     * @return T
     */
    protected function guarded(callable $call): mixed
    {
        $joined = $this->inTransaction();
        try {
            return $this->translated($joined, $call);
        } catch (StorageException $error) {
            // One that was lost since the last call, for it was idle or the server has been started anew, is found so here.
            if ($error->kind !== 'not-applied' || $this->lost === null || !$this->replaced()) {
                throw $error;
            }
        }
        return $this->translated(false, $call);
    }

    /**
     * Runs a call during which the connection speaks UTF-8.
     *
     * @template T
     * @param callable(bool $joined): T $call
     * @return T
     */
    private function translated(bool $joined, callable $call): mixed
    {
        try {
            $translation = $this->translation();
            if ($translation !== null) {
                $this->connection->execute($translation[0]);
            }
        } catch (DatabaseException $error) {
            throw $joined && $this->losesTransaction($error)
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : $this->refused($joined ? $error : $this->noted($error));
        }
        try {
            return $call($joined);
        } finally {
            try {
                if ($translation !== null) {
                    $this->connection->execute($translation[1]);
                }
            } catch (DatabaseException) {
                // The connection is gone, or a rollback of the platform's is to come, and puts it back.
            }
        }
    }

    /**
     * The statement that makes the connection speak UTF-8, and the one that puts it back. It is read once a connection: who
     * changes what it speaks later does so at his own risk.
     *
     * @return ?array{string, string}
     */
    private function translation(): ?array
    {
        $current = $this->connection instanceof LazyConnection ? $this->connection->current() : $this->connection;
        if ($current !== $this->known) {
            $this->translation = $this->readTranslation();
            $this->known = $current;
        }
        return $this->translation;
    }

    /** @return ?array{string, string} null if the connection speaks it already */
    protected function readTranslation(): ?array
    {
        return null;
    }

    /** A connection that is known to be lost is replaced, or has to show that it is there again. */
    private function find(): void
    {
        if ($this->lost !== null && !$this->replaced()) {
            // Until it answers, what its driver says of a transaction means nothing.
            $this->connection->query('SELECT 1');
            $this->lost = null;
        }
    }

    private function replaced(): bool
    {
        try {
            if ($this->connection instanceof LazyConnection && $this->connection->replace($this->lost)) {
                $this->lost = null;
            }
        } catch (DatabaseException) {
            // There is none at present.
        }
        return $this->lost === null;
    }

    /** Notes a lost connection, outside any transaction of the platform's. */
    protected function noted(DatabaseException $error): DatabaseException
    {
        if ($this->isLost($error)) {
            $this->lost = $this->connection instanceof LazyConnection ? $this->connection->known() : $this->connection;
        }
        return $error;
    }

    /**
     * @param callable(bool $joined): list<list<string|int|null>> $read
     * @return list<list<string|int|null>>
     */
    private function reading(callable $read): array
    {
        return $this->guarded(function (bool $joined) use ($read): array {
            if ($joined) {
                // In PostgreSQL a failed statement fails the whole transaction until somebody goes back to a savepoint.
                return $this->withinSavepoint(static fn (): array => $read(true));
            }
            try {
                return $read(false);
            } catch (DatabaseException $error) {
                throw $this->refused($this->noted($error));
            }
        });
    }

    /**
     * @template T of array
     * @param callable(): T $apply
     * @return T
     */
    private function inOwnTransaction(callable $apply): array
    {
        try {
            foreach ($this->begin() as $sql) {
                $this->connection->execute($sql);
            }
            $answer = $apply();
        } catch (Throwable $error) {
            try {
                $this->connection->execute('ROLLBACK');
            } catch (DatabaseException) {
                // It never began, or the connection is gone and the transaction with it.
            }
            throw $error instanceof DatabaseException ? $this->refused($this->noted($error)) : $error;
        }
        try {
            $this->connection->execute('COMMIT');
        } catch (DatabaseException $error) {
            try {
                $this->connection->execute('ROLLBACK');
            } catch (DatabaseException) {
                // As above.
            }
            throw $this->ended($this->noted($error));
        }
        return $answer;
    }

    /**
     * @template T of array
     * @param callable(): T $apply
     * @return T
     */
    private function withinSavepoint(callable $apply): array
    {
        try {
            $this->connection->execute(self::SAVEPOINT);
        } catch (DatabaseException $error) {
            // There is nothing to undo.
            throw $this->losesTransaction($error)
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : $this->refused($error);
        }
        try {
            $answer = $apply();
            $this->connection->execute(self::RELEASE);
            return $answer;
        } catch (Throwable $error) {
            throw $this->undone($error);
        }
    }

    private function undone(Throwable $error): Throwable
    {
        if ($error instanceof DatabaseException && $this->losesTransaction($error)) {
            return StorageException::transactionAborted($error->getMessage(), $error);
        }
        try {
            $this->connection->execute(self::UNDO);
            $this->connection->execute(self::RELEASE);
        } catch (DatabaseException $undoing) {
            return StorageException::transactionAborted(
                "{$error->getMessage()}; and undoing it: {$undoing->getMessage()}",
                $error,
            );
        }
        return $error instanceof DatabaseException ? $this->refused($error) : $error;
    }

    private function createOnce(string $sql): void
    {
        for ($left = Limits::SCHEMA_TRIES_MAX; true; $left -= 1) {
            try {
                $this->connection->execute($sql);
                return;
            } catch (DatabaseException $error) {
                if ($left === 0 || !in_array($error->sqlState, ['23505', '42P07', '42710'], true)) {
                    throw StorageException::notApplied("the table cannot be made: {$error->getMessage()}", $error);
                }
            }
        }
    }

    /**
     * Which checks do not hold, as indexes.
     *
     * @param list<Check> $checks
     * @param array<string, string> $present the versions that there are, by key with a `k` before it
     * @return list<int>
     */
    protected static function failed(array $checks, array $present): array
    {
        $failed = [];
        foreach ($checks as $index => $check) {
            if (($present["k$check->key"] ?? null) !== $check->version) {
                $failed[] = $index;
            }
        }
        return $failed;
    }

    /**
     * Versions by key, with a `k` before it.
     *
     * @param list<list<string|int|null>> $rows as key and version
     * @return array<string, string>
     */
    protected static function versions(array $rows): array
    {
        $versions = [];
        foreach ($rows as [$key, $version]) {
            $versions["k$key"] = (string) $version;
        }
        return $versions;
    }

    /**
     * The puts among mutations, in key order: two commits that insert the same keys cannot wait for each other.
     *
     * @param list<Mutation> $mutations
     * @return list<Mutation>
     */
    protected static function puts(array $mutations): array
    {
        $puts = array_filter($mutations, static fn (Mutation $mutation): bool => $mutation->value !== null);
        usort($puts, static fn (Mutation $a, Mutation $b): int => strcmp($a->key, $b->key));
        return $puts;
    }

    /**
     * The keys of the deletes among mutations, in order.
     *
     * @param list<Mutation> $mutations
     * @return list<string>
     */
    protected static function deletes(array $mutations): array
    {
        $keys = [];
        foreach ($mutations as $mutation) {
            if ($mutation->value === null) {
                $keys[] = $mutation->key;
            }
        }
        sort($keys, SORT_STRING);
        return $keys;
    }

    /**
     * Portions of puts, each small enough for one statement.
     *
     * @param list<Mutation> $puts
     * @return list<non-empty-list<Mutation>>
     */
    protected static function portions(array $puts, int $rowsMax): array
    {
        $portions = [];
        $portion = [];
        $bytes = 0;
        foreach ($puts as $put) {
            $more = strlen($put->key) + strlen((string) $put->value);
            if ($portion !== [] && ($bytes + $more > Limits::STATEMENT_BYTES_MAX || count($portion) === $rowsMax)) {
                $portions[] = $portion;
                $portion = [];
                $bytes = 0;
            }
            $portion[] = $put;
            $bytes += $more;
        }
        if ($portion !== []) {
            $portions[] = $portion;
        }
        return $portions;
    }

    /**
     * The versions in the order of the puts.
     *
     * @param list<Mutation> $mutations
     * @param array<string, string> $versions by key, with a `k` before it
     * @return list<string>
     */
    protected static function answered(array $mutations, array $versions): array
    {
        $answer = [];
        foreach ($mutations as $mutation) {
            if ($mutation->value !== null) {
                $answer[] = $versions["k$mutation->key"];
            }
        }
        return $answer;
    }

    /** @param list<string|int|null> $row as key, value, version */
    private static function entry(array $row): Entry
    {
        // A connection may have been told to read empty texts as null.
        return new Entry((string) $row[0], (string) ($row[1] ?? ''), (string) $row[2]);
    }
}
