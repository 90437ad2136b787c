<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;
use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\StorageException;
use WeakMap;

/**
 * The statements for MySQL and MariaDB. Rows are locked in key order. An absent row is never locked, because that would lock the gap
 * around it.
 *
 * @internal
 */
final class MysqlStatements implements Statements
{
    private const DUPLICATE = 1062;
    private const DEADLOCK = 1213;
    private const CHANGED_SINCE_READ = 1020;
    private const LOCK_WAIT_TIMEOUT = 1205;
    private const TOO_LONG = 1406;
    private const WRONG_CHARACTERS = 1366;
    private const NO_TABLE = 1146;
    private const NO_PRIVILEGE = 1142;
    private const ROWS_MAX = 400;
    /** Character sets in which no byte of ASCII is part of another letter. In others, an escape could be half of a letter. */
    private const CHARSETS = ['utf8mb4', 'utf8mb3', 'utf8', 'latin1', 'ascii', 'binary'];

    /**
     * The keys of the failed checks of the last commit. A transaction with a snapshot may not see the rows that made them fail.
     *
     * @var list<string>
     */
    private array $conflicting = [];
    /** @var WeakMap<Connection, array{?Setting}> the settings of the connections */
    private WeakMap $settings;
    /** The database in which the table was found first. */
    private ?Place $place = null;

    public function __construct()
    {
        $this->settings = new WeakMap();
    }

    public static function schema(): array
    {
        return [
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . '`key` VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, '
                . 'value MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, '
                . 'version BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE) ENGINE = InnoDB',
        ];
    }

    public function keyColumn(): string
    {
        return '`key`';
    }

    public function selectKeys(Connection $connection, array $keys, bool $joined): array
    {
        // Conflicting rows are read in their current state. The failed commit has locked them already. Any other lock, or a lock of a
        // gap, would stay until the platform's transaction ends, and deliveries would wait for it.
        $conflicting = $joined ? array_values(array_intersect($keys, $this->conflicting)) : [];
        return [
            ...$this->select($connection, $conflicting, ' LOCK IN SHARE MODE'),
            ...$this->select($connection, array_values(array_diff($keys, $conflicting)), ''),
        ];
    }

    public function apply(Connection $connection, array $checks, array $mutations, bool $joined): array
    {
        $this->conflicting = [];
        $absent = Rows::absenceChecks($checks);
        $this->lock($connection, $checks, $mutations, $joined);
        $puts = Rows::puts($mutations);
        $replaced = [];
        foreach ($puts as $put) {
            if (isset($absent["k$put->key"])) {
                $this->insert($connection, $put, $absent["k$put->key"]);
            } else {
                $replaced[] = $put;
            }
        }
        foreach (Rows::batches($replaced, self::ROWS_MAX) as $batch) {
            $rows = Rows::list('(?, ?)', count($batch));
            $connection->execute("REPLACE INTO hookwright (`key`, value) VALUES $rows", Rows::keysAndValues($batch));
        }
        $deletes = Rows::deletes($mutations);
        if ($deletes !== []) {
            $connection->execute('DELETE FROM hookwright WHERE ' . self::keyIn($deletes), $deletes);
        }
        if ($puts === []) {
            return [];
        }
        $keys = Rows::keys($puts);
        $sql = 'SELECT `key`, version, DATABASE() FROM hookwright WHERE ';
        $rows = $this->checked($connection->query($sql . self::keyIn($keys), $keys));
        return Rows::versionsOfPuts($mutations, Rows::versions($rows));
    }

    public function begin(): array
    {
        return ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION'];
    }

    /** CodeIgniter's connections use `utf8`, which has no letters of four bytes. Read once for each connection. */
    public function setting(Connection $connection, bool $joined): ?Setting
    {
        $this->settings[$connection] ??= [self::readSetting($connection)];
        return $this->settings[$connection][0];
    }

    public function place(Connection $connection): Place
    {
        return new Place((string) $connection->query('SELECT DATABASE()')[0][0]);
    }

    public function failed(DatabaseException $error): StorageException
    {
        return in_array($error->driverCode, [self::TOO_LONG, self::WRONG_CHARACTERS], true)
            ? StorageException::invalid($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error, match ($error->driverCode) {
                self::NO_TABLE => Remedy::NO_TABLE,
                self::NO_PRIVILEGE => Remedy::NO_PRIVILEGE,
                default => null,
            });
    }

    public function commitFailed(DatabaseException $error): StorageException
    {
        return $error->driverCode === self::DEADLOCK
            ? StorageException::notApplied($error->getMessage(), $error)
            : StorageException::unknown($error->getMessage(), $error);
    }

    public function losesTransaction(DatabaseException $error): bool
    {
        $codes = [self::DEADLOCK, self::CHANGED_SINCE_READ, self::LOCK_WAIT_TIMEOUT];
        return in_array($error->driverCode, $codes, true) || Dialect::Mysql->isLost($error);
    }

    private static function readSetting(Connection $connection): ?Setting
    {
        [[$client, $connected, $results, $collation]] = $connection->query(
            'SELECT @@character_set_client, @@character_set_connection, @@character_set_results, @@collation_connection',
        );
        if (!in_array($client, self::CHARSETS, true) || $client !== $connected || $client !== $results) {
            throw StorageException::invalid("the connection's character sets are $client, $connected and "
                . ($results ?? 'none') . ': use utf8mb4 for all three');
        }
        return $client === 'utf8mb4' ? null : new Setting('SET NAMES utf8mb4', "SET NAMES $client COLLATE $collation");
    }

    /**
     * Locks the existing rows in key order and compares them with the checks.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    private function lock(Connection $connection, array $checks, array $mutations, bool $joined): void
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
        $versions = Rows::versions($this->checked($connection->query(
            'SELECT `key`, version, DATABASE() FROM hookwright FORCE INDEX (PRIMARY) WHERE ' . self::keyIn($keys)
                . ' ORDER BY `key` FOR UPDATE',
            $keys,
        )));
        $failed = Rows::failedChecks($checks, $versions);
        if ($failed !== []) {
            $this->conflicting = array_map(static fn (int $index): string => $checks[$index]->key, $failed);
            throw StorageException::conflict($failed);
        }
    }

    private function insert(Connection $connection, Mutation $put, int $check): void
    {
        try {
            $sql = 'INSERT INTO hookwright (`key`, value) VALUES (?, ?)';
            $connection->execute($sql, [$put->key, (string) $put->value]);
        } catch (DatabaseException $error) {
            if ($error->driverCode !== self::DUPLICATE) {
                throw $error;
            }
            $this->conflicting = [$put->key];
            throw StorageException::conflict([$check]);
        }
    }

    /**
     * @param list<string> $keys
     * @return list<list<string|int|null>>
     */
    private function select(Connection $connection, array $keys, string $lock): array
    {
        $sql = 'SELECT `key`, value, version, DATABASE() FROM hookwright WHERE ';
        return $keys === [] ? [] : $this->checked($connection->query($sql . self::keyIn($keys) . $lock, $keys));
    }

    /**
     * Returns rows whose last column is the database. Fails if it is not that of the first rows: `USE` leads to the table of another
     * database, whose events this store does not deliver.
     *
     * @param list<list<string|int|null>> $rows
     * @return list<list<string|int|null>>
     */
    private function checked(array $rows): array
    {
        if ($rows !== []) {
            $place = new Place((string) end($rows[0]));
            $this->place ??= $place;
            if (!$this->place->equals($place)) {
                throw $this->place->isNot($place);
            }
        }
        return $rows;
    }

    /** @param list<string> $keys */
    private static function keyIn(array $keys): string
    {
        return '`key` IN (' . Rows::list('?', count($keys)) . ')';
    }
}
