<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;

/** The statements for PostgreSQL. Locks are taken in key order. */
final class PostgresStorage extends SqlStorage
{
    private const INSERT = 'INSERT INTO hookwright (key, value) SELECT new.key, new.value '
        . 'FROM unnest(CAST(? AS text[]), CAST(? AS text[])) AS new(key, value) ORDER BY new.key COLLATE "C" ';

    public static function schema(): array
    {
        return [
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . 'key varchar(255) COLLATE "C" NOT NULL PRIMARY KEY, value text NOT NULL, '
                . 'version bigint NOT NULL GENERATED ALWAYS AS IDENTITY)',
        ];
    }

    protected function selectKeys(array $keys, bool $joined): array
    {
        return $this->connection->query(
            'SELECT key, value, version FROM hookwright WHERE key = ANY(CAST(? AS text[]))',
            [self::listed($keys)],
        );
    }

    protected function apply(array $checks, array $mutations, bool $joined): array
    {
        $absent = [];
        foreach ($checks as $check) {
            if ($check->version === null) {
                $absent["k$check->key"] = true;
            }
        }
        $this->lock($checks, $mutations, count($absent));
        $inserts = $others = [];
        foreach (self::puts($mutations) as $put) {
            if (isset($absent["k$put->key"])) {
                $inserts[] = $put;
            } else {
                $others[] = $put;
            }
        }
        $versions = [];
        if ($inserts !== []) {
            $versions = $this->write('ON CONFLICT (key) DO NOTHING', $inserts);
            // What did not come back was inserted by another meanwhile.
            $failed = array_keys(array_filter($checks, static fn (Check $check): bool =>
                $check->version === null && !isset($versions["k$check->key"])));
            if ($failed !== []) {
                throw StorageException::conflict($failed);
            }
        }
        if ($others !== []) {
            $update = 'ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, version = DEFAULT';
            $versions += $this->write($update, $others);
        }
        $deletes = self::deletes($mutations);
        if ($deletes !== []) {
            $this->connection->execute(
                'DELETE FROM hookwright WHERE key = ANY(CAST(? AS text[]))',
                [self::listed($deletes)],
            );
        }
        return self::answered($mutations, $versions);
    }

    protected function begin(): array
    {
        // The platform's connection may not wait for its commits to be flushed. What is answered here must be durable.
        return [
            'BEGIN ISOLATION LEVEL READ COMMITTED',
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
        ];
    }

    protected function refused(DatabaseException $error): StorageException
    {
        return $error->sqlState === '22021'
            ? StorageException::invalid($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error);
    }

    protected function ended(DatabaseException $error): StorageException
    {
        return $this->isLost($error)
            ? StorageException::unknown($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error);
    }

    /** The locks or the snapshot that led here are the platform's, or the connection is gone. */
    protected function losesTransaction(DatabaseException $error): bool
    {
        return in_array($error->sqlState, ['40P01', '40001', '55P03', '57014', '25P02'], true) || $this->isLost($error);
    }

    /** Bytes of UTF-8 are as good as any to a connection that speaks another encoding, and would be stored as other letters. */
    protected function readTranslation(): ?array
    {
        [[$database, $client]] = $this->connection->query(
            "SELECT current_setting('server_encoding'), current_setting('client_encoding')",
        );
        // SQL_ASCII means that nothing is translated.
        if (!in_array($database, ['UTF8', 'SQL_ASCII'], true)) {
            throw StorageException::invalid("the database's encoding (server_encoding) is $database: make one in UTF8");
        }
        return $database === 'SQL_ASCII' || in_array($client, ['UTF8', 'SQL_ASCII'], true)
            ? null
            : ["SET client_encoding TO 'UTF8'", "SET client_encoding TO '$client'"];
    }

    /**
     * Takes the locks of all rows that the commit is about, in key order, and compares them with the checks.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    private function lock(array $checks, array $mutations, int $absentCount): void
    {
        $touched = [];
        foreach ([...$checks, ...$mutations] as $one) {
            $touched["k$one->key"] = $one->key;
        }
        // What is inserted under a check of its absence alone needs no lock: the insert is the check.
        if (count($touched) === $absentCount) {
            return;
        }
        $failed = self::failed($checks, self::versions($this->connection->query(
            'SELECT key, version FROM hookwright WHERE key = ANY(CAST(? AS text[])) ORDER BY key FOR UPDATE',
            [self::listed(array_values($touched))],
        )));
        if ($failed !== []) {
            throw StorageException::conflict($failed);
        }
    }

    /**
     * @param list<Mutation> $puts
     * @return array<string, string>
     */
    private function write(string $onConflict, array $puts): array
    {
        $keys = array_map(static fn (Mutation $put): string => $put->key, $puts);
        $values = array_map(static fn (Mutation $put): string => (string) $put->value, $puts);
        return self::versions($this->connection->query(
            self::INSERT . $onConflict . ' RETURNING key, version',
            [self::listed($keys), self::listed($values)],
        ));
    }

    protected function isLost(DatabaseException $error): bool
    {
        return Dialect::Postgres->isLost($error);
    }

    /**
     * An array as PostgreSQL writes it.
     *
     * @param list<string> $texts
     */
    private static function listed(array $texts): string
    {
        $quoted = array_map(static fn (string $text): string => '"' . addcslashes($text, '"\\') . '"', $texts);
        return '{' . implode(',', $quoted) . '}';
    }
}
