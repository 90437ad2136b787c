<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Database\DatabaseException;

/** The statements for SQLite. There is one writer at a time, so the order of rows does not matter and nothing deadlocks. */
final class SqliteStorage extends SqlStorage
{
    private const BUSY = 5;
    private const LOCKED = 6;
    /** `PRAGMA synchronous`: each commit is flushed before it is answered. */
    private const FULL = 2;
    private const ROWS_MAX = 400;

    public static function schema(): array
    {
        return [
            'PRAGMA journal_mode = WAL',
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . 'version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)',
        ];
    }

    protected function guarded(callable $call): mixed
    {
        return parent::guarded(function (bool $joined) use ($call): mixed {
            $setting = $joined ? self::FULL : $this->synchronous();
            if ($setting >= self::FULL) {
                return $call($joined);
            }
            // The platform's connection flushes less. What is answered here must be durable, and it gets its setting back.
            $this->connection->execute('PRAGMA synchronous = FULL');
            try {
                return $call($joined);
            } finally {
                $this->connection->execute("PRAGMA synchronous = $setting");
            }
        });
    }

    protected function selectKeys(array $keys, bool $joined): array
    {
        return $this->connection->query(
            'SELECT key, value, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))',
            [self::json($keys)],
        );
    }

    protected function apply(array $checks, array $mutations, bool $joined): array
    {
        if ($joined) {
            // Writes nothing, but asks for the lock before anything is read: a transaction that has read and then wants to write
            // fails as soon as another has written.
            $this->connection->execute("DELETE FROM hookwright WHERE key = ''");
        }
        if ($checks !== []) {
            $keys = array_map(static fn (Check $check): string => $check->key, $checks);
            $failed = self::failed($checks, $this->versionsOf($keys));
            if ($failed !== []) {
                throw StorageException::conflict($failed);
            }
        }
        $puts = self::puts($mutations);
        foreach (self::portions($puts, self::ROWS_MAX) as $portion) {
            $values = [];
            foreach ($portion as $put) {
                array_push($values, $put->key, (string) $put->value);
            }
            $rows = implode(', ', array_fill(0, count($portion), '(?, ?)'));
            $this->connection->execute("REPLACE INTO hookwright (key, value) VALUES $rows", $values);
        }
        $deletes = self::deletes($mutations);
        if ($deletes !== []) {
            $this->connection->execute(
                'DELETE FROM hookwright WHERE key IN (SELECT value FROM json_each(?))',
                [self::json($deletes)],
            );
        }
        if ($puts === []) {
            return [];
        }
        $keys = array_map(static fn (Mutation $put): string => $put->key, $puts);
        return self::answered($mutations, $this->versionsOf($keys));
    }

    protected function begin(): array
    {
        // No savepoint can be set while a statement of the platform's has not finished writing, and a transaction could be begun,
        // but it would hold that write, and a rollback would undo it.
        return ['SAVEPOINT hookwright', 'RELEASE SAVEPOINT hookwright', 'BEGIN IMMEDIATE'];
    }

    protected function refused(DatabaseException $error): StorageException
    {
        $hint = self::isUnfinished($error) ? ': fetch all rows of the statement that writes, or unset it, before this call' : '';
        return StorageException::notApplied($error->getMessage() . $hint, $error);
    }

    protected function ended(DatabaseException $error): StorageException
    {
        // Of anything else the log may hold the whole transaction, and a restart may find it.
        return $error->driverCode === self::BUSY
            ? StorageException::notApplied($error->getMessage(), $error)
            : StorageException::unknown($error->getMessage(), $error);
    }

    /** PDO does not tell a lock that was waited for too long from a snapshot that is too old to be written to. */
    protected function losesTransaction(DatabaseException $error): bool
    {
        return in_array($error->driverCode & 0xff, [self::BUSY, self::LOCKED], true) && !self::isUnfinished($error);
    }

    /** Whether a statement of the platform's has not finished writing, as one with `RETURNING` of which rows are left. */
    private static function isUnfinished(DatabaseException $error): bool
    {
        return str_contains($error->getMessage(), 'SQL statements in progress');
    }

    protected function isLost(DatabaseException $error): bool
    {
        return false;
    }

    /**
     * @param list<string> $keys
     * @return array<string, string>
     */
    private function versionsOf(array $keys): array
    {
        return self::versions($this->connection->query(
            'SELECT key, version FROM hookwright WHERE key IN (SELECT value FROM json_each(?))',
            [self::json($keys)],
        ));
    }

    private function synchronous(): int
    {
        try {
            return (int) ($this->connection->query('PRAGMA synchronous')[0][0] ?? self::FULL);
        } catch (DatabaseException $error) {
            throw $this->refused($error);
        }
    }

    /** @param list<string> $keys of which none has a character that JSON would escape */
    private static function json(array $keys): string
    {
        return '["' . implode('","', $keys) . '"]';
    }
}
