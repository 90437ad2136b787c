<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Storage\StorageException;

/**
 * The statements for SQLite. SQLite has one writer at a time, so rows may be written in any order without a deadlock.
 *
 * @internal
 */
final class SqliteStatements implements Statements
{
    private const BUSY = 5;
    private const LOCKED = 6;
    /** The value of `PRAGMA synchronous` with which SQLite flushes each commit to disk. */
    private const FULL = 2;
    private const READ_ONLY = 8;
    private const NOT_A_DATABASE = 26;
    private const ROWS_MAX = 400;

    public static function schema(): array
    {
        return [
            'PRAGMA journal_mode = WAL',
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . 'version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)',
        ];
    }

    public function keyColumn(): string
    {
        return 'key';
    }

    public function selectKeys(Connection $connection, array $keys, bool $joined): array
    {
        return $connection->query(
            'SELECT key, value, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))',
            [self::json($keys)],
        );
    }

    public function apply(Connection $connection, array $checks, array $mutations, bool $joined): array
    {
        if ($joined) {
            // Deletes nothing, but takes the write lock before anything is read. A transaction that has read cannot take the lock
            // after another transaction has written.
            $connection->execute("DELETE FROM hookwright WHERE key = ''");
        }
        if ($checks !== []) {
            $failed = Rows::failedChecks($checks, self::versions($connection, Rows::keys($checks)));
            if ($failed !== []) {
                throw StorageException::conflict($failed);
            }
        }
        $puts = Rows::puts($mutations);
        foreach (Rows::batches($puts, self::ROWS_MAX) as $batch) {
            $rows = Rows::list('(?, ?)', count($batch));
            $connection->execute("REPLACE INTO hookwright (key, value) VALUES $rows", Rows::keysAndValues($batch));
        }
        $deletes = Rows::deletes($mutations);
        if ($deletes !== []) {
            $sql = 'DELETE FROM hookwright WHERE key IN (SELECT value FROM json_each(?))';
            $connection->execute($sql, [self::json($deletes)]);
        }
        return $puts === [] ? [] : Rows::versionsOfPuts($mutations, self::versions($connection, Rows::keys($puts)));
    }

    public function begin(): array
    {
        // While a statement of the platform has not finished writing, SQLite refuses a savepoint but allows a transaction. That
        // transaction would contain the platform's write, and a rollback would undo it.
        return ['SAVEPOINT hookwright', 'RELEASE SAVEPOINT hookwright', 'BEGIN IMMEDIATE'];
    }

    public function setting(Connection $connection, bool $joined): ?Setting
    {
        if ($joined) {
            return null;
        }
        $synchronous = (int) ($connection->query('PRAGMA synchronous')[0][0] ?? self::FULL);
        // An accepted event must be durable, even if the platform's connection flushes less.
        return $synchronous >= self::FULL
            ? null
            : new Setting('PRAGMA synchronous = FULL', "PRAGMA synchronous = $synchronous");
    }

    public function place(Connection $connection): Place
    {
        $file = '';
        foreach ($connection->query('PRAGMA database_list') as [, $name, $path]) {
            $file = $name === 'main' ? (string) $path : $file;
        }
        if ($file === '') {
            // Every connection has a memory of its own.
            return new Place('a database in memory', uniqid('', true));
        }
        $stat = @stat($file);
        return new Place($file, $stat === false ? null : "$stat[dev]:$stat[ino]");
    }

    public function failed(DatabaseException $error): StorageException
    {
        if (self::isUnfinished($error)) {
            $remedy = 'fetch all rows of the writing statement, or unset it, before this call';
            return StorageException::notApplied("{$error->getMessage()}: $remedy", $error, $remedy);
        }
        return StorageException::notApplied($error->getMessage(), $error, match (true) {
            ($error->driverCode & 0xff) === self::NOT_A_DATABASE => 'open the file of a SQLite database',
            ($error->driverCode & 0xff) === self::READ_ONLY => 'let this process write the file and its folder',
            str_contains($error->getMessage(), 'no such table: hookwright') => Remedy::NO_TABLE,
            default => null,
        });
    }

    public function commitFailed(DatabaseException $error): StorageException
    {
        // After any other error, the log may contain the whole transaction, and a restart may apply it.
        return in_array($error->driverCode & 0xff, [self::BUSY, self::LOCKED], true)
            ? StorageException::notApplied($error->getMessage(), $error)
            : StorageException::unknown($error->getMessage(), $error);
    }

    /** PDO reports a timeout of the lock and an outdated snapshot with the same code. */
    public function losesTransaction(DatabaseException $error): bool
    {
        return in_array($error->driverCode & 0xff, [self::BUSY, self::LOCKED], true) && !self::isUnfinished($error);
    }

    /** Returns true if a statement of the platform has not finished writing, for example `RETURNING` with rows left. */
    private static function isUnfinished(DatabaseException $error): bool
    {
        return str_contains($error->getMessage(), 'SQL statements in progress');
    }

    /**
     * @param list<string> $keys
     * @return array<string, string>
     */
    private static function versions(Connection $connection, array $keys): array
    {
        return Rows::versions($connection->query(
            'SELECT key, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))',
            [self::json($keys)],
        ));
    }

    /** @param list<string> $keys whose characters need no escape in JSON */
    private static function json(array $keys): string
    {
        return '["' . implode('","', $keys) . '"]';
    }
}
