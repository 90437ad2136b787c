<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;

/**
 * The statements for MySQL and MariaDB. Rows are taken in key order, and what is expected to be absent is never locked: that
 * would lock the gap around it.
 */
final class MysqlStorage extends SqlStorage
{
    private const DUPLICATE = 1062;
    private const DEADLOCK = 1213;
    private const CHANGED_SINCE_READ = 1020;
    protected const KEY = '`key`';
    private const LOCK_WAIT_TIMEOUT = 1205;
    private const TOO_LONG = 1406;
    private const WRONG_CHARACTERS = 1366;
    private const ROWS_MAX = 400;
    /** Sets in which every byte of ASCII is that character and nothing else; in others an escape could be half of a letter. */
    private const CHARSETS = ['utf8mb4', 'utf8mb3', 'utf8', 'latin1', 'ascii', 'binary'];

    /**
     * The keys whose checks failed in the last commit. A transaction that reads a snapshot may not see what they failed on.
     *
     * @var list<string>
     */
    private array $newer = [];

    public static function schema(): array
    {
        return [
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . '`key` VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, '
                . 'value MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, '
                . 'version BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE) ENGINE = InnoDB',
        ];
    }

    protected function selectKeys(array $keys, bool $joined): array
    {
        // They are read as they are now: the failed commit has locked them already. Anything else, or the gap where there is
        // nothing, would be locked here until the platform's transaction ends, and deliveries would wait for that.
        $newer = $joined ? array_intersect($keys, $this->newer) : [];
        return array_merge(
            $this->select(array_values($newer), ' LOCK IN SHARE MODE'),
            $this->select(array_values(array_diff($keys, $newer)), ''),
        );
    }

    protected function apply(array $checks, array $mutations, bool $joined): array
    {
        $this->newer = [];
        $absent = [];
        foreach ($checks as $index => $check) {
            if ($check->version === null) {
                $absent["k$check->key"] = $index;
            }
        }
        $this->lock($checks, $mutations, $joined);
        $puts = self::puts($mutations);
        $others = [];
        foreach ($puts as $put) {
            if (isset($absent["k$put->key"])) {
                $this->insert($put, $absent["k$put->key"]);
            } else {
                $others[] = $put;
            }
        }
        foreach (self::portions($others, self::ROWS_MAX) as $portion) {
            $values = [];
            foreach ($portion as $put) {
                array_push($values, $put->key, (string) $put->value);
            }
            $rows = implode(', ', array_fill(0, count($portion), '(?, ?)'));
            $this->connection->execute("REPLACE INTO hookwright (`key`, value) VALUES $rows", $values);
        }
        $deletes = self::deletes($mutations);
        if ($deletes !== []) {
            $sql = 'DELETE FROM hookwright WHERE `key` IN (' . self::marks($deletes) . ')';
            $this->connection->execute($sql, $deletes);
        }
        if ($puts === []) {
            return [];
        }
        $keys = array_map(static fn (Mutation $put): string => $put->key, $puts);
        return self::answered($mutations, self::versions($this->connection->query(
            'SELECT `key`, version FROM hookwright WHERE `key` IN (' . self::marks($keys) . ')',
            $keys,
        )));
    }

    protected function begin(): array
    {
        return ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION'];
    }

    protected function refused(DatabaseException $error): StorageException
    {
        return in_array($error->driverCode, [self::TOO_LONG, self::WRONG_CHARACTERS], true)
            ? StorageException::invalid($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error);
    }

    protected function ended(DatabaseException $error): StorageException
    {
        return $error->driverCode === self::DEADLOCK
            ? StorageException::notApplied($error->getMessage(), $error)
            : StorageException::unknown($error->getMessage(), $error);
    }

    protected function losesTransaction(DatabaseException $error): bool
    {
        $ends = [self::DEADLOCK, self::CHANGED_SINCE_READ, self::LOCK_WAIT_TIMEOUT];
        return in_array($error->driverCode, $ends, true) || $this->isLost($error);
    }

    protected function isLost(DatabaseException $error): bool
    {
        return Dialect::Mysql->isLost($error);
    }

    /**
     * @param list<string> $keys
     * @return list<list<string|int|null>>
     */
    private function select(array $keys, string $lock): array
    {
        return $keys === [] ? [] : $this->connection->query(
            'SELECT `key`, value, version FROM hookwright WHERE `key` IN (' . self::marks($keys) . ')' . $lock,
            $keys,
        );
    }

    /** CodeIgniter's connections, among others, speak `utf8`, which has no letters of four bytes. */
    protected function readTranslation(): ?array
    {
        [[$client, $connection, $results, $collation]] = $this->connection->query(
            'SELECT @@character_set_client, @@character_set_connection, @@character_set_results, @@collation_connection',
        );
        if (!in_array($client, self::CHARSETS, true) || $client !== $connection || $client !== $results) {
            throw StorageException::invalid("the connection's character sets are $client, $connection and "
                . ($results ?? 'none') . ': let it speak one, utf8mb4');
        }
        return $client === 'utf8mb4' ? null : ['SET NAMES utf8mb4', "SET NAMES $client COLLATE $collation"];
    }

    /**
     * Takes the rows that are there, in key order, and compares them with the checks.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    private function lock(array $checks, array $mutations, bool $joined): void
    {
        $keys = [];
        foreach ($checks as $check) {
            if (!$joined || $check->version !== null) {
                $keys["k$check->key"] = $check->key;
            }
        }
        foreach ($joined ? [] : $mutations as $mutation) {
            $keys["k$mutation->key"] = $mutation->key;
        }
        if ($keys === []) {
            return;
        }
        $keys = array_values($keys);
        $present = self::versions($this->connection->query(
            'SELECT `key`, version FROM hookwright FORCE INDEX (PRIMARY) WHERE `key` IN (' . self::marks($keys) . ') '
                . 'ORDER BY `key` FOR UPDATE',
            $keys,
        ));
        $failed = self::failed($checks, $present);
        if ($failed !== []) {
            $this->newer = array_map(static fn (int $index): string => $checks[$index]->key, $failed);
            throw StorageException::conflict($failed);
        }
    }

    private function insert(Mutation $put, int $check): void
    {
        try {
            $sql = 'INSERT INTO hookwright (`key`, value) VALUES (?, ?)';
            $this->connection->execute($sql, [$put->key, (string) $put->value]);
        } catch (DatabaseException $error) {
            if ($error->driverCode !== self::DUPLICATE) {
                throw $error;
            }
            $this->newer = [$put->key];
            throw StorageException::conflict([$check]);
        }
    }

    /** @param list<string> $values */
    private static function marks(array $values): string
    {
        return implode(', ', array_fill(0, count($values), '?'));
    }
}
