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
 * The statements for PostgreSQL. Rows are locked in key order.
 *
 * @internal
 */
final class PostgresStatements implements Statements
{
    private const INSERT = 'INSERT INTO hookwright (key, value) SELECT new.key, new.value '
        . 'FROM unnest(CAST(? AS text[]), CAST(? AS text[])) AS new(key, value) ORDER BY new.key COLLATE "C" ';
    private const UPDATE = 'ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, version = DEFAULT';
    private const KEEP = 'ON CONFLICT (key) DO NOTHING';
    /** The SQLSTATE of a text that the database's encoding cannot hold. */
    private const WRONG_CHARACTERS = '22021';
    private const NO_TABLE = '42P01';
    private const NO_PRIVILEGE = '42501';
    /** Deadlock, serialization failure, lock not available, query canceled, transaction failed. */
    private const TRANSACTION_LOST = ['40P01', '40001', '55P03', '57014', '25P02'];

    /** @var WeakMap<Connection, array{?Setting}> the settings of the connections */
    private WeakMap $settings;
    /** The object identifier of the table in which rows were found last. */
    private string $table = '';

    public function __construct()
    {
        $this->settings = new WeakMap();
    }

    public static function schema(): array
    {
        return [
            'CREATE TABLE IF NOT EXISTS hookwright ('
                . 'key varchar(255) COLLATE "C" NOT NULL PRIMARY KEY, value text NOT NULL, '
                . 'version bigint NOT NULL GENERATED ALWAYS AS IDENTITY)',
        ];
    }

    public function keyColumn(): string
    {
        return 'key';
    }

    public function selectKeys(Connection $connection, array $keys, bool $joined): array
    {
        return $this->checked($connection, $connection->query(
            'SELECT key, value, version, tableoid FROM hookwright WHERE key = ANY(CAST(? AS text[]))',
            [self::textArray($keys)],
        ));
    }

    public function apply(Connection $connection, array $checks, array $mutations, bool $joined): array
    {
        $absent = Rows::absenceChecks($checks);
        $this->lock($connection, $checks, $mutations, count($absent));
        $inserts = $updates = [];
        foreach (Rows::puts($mutations) as $put) {
            if (isset($absent["k$put->key"])) {
                $inserts[] = $put;
            } else {
                $updates[] = $put;
            }
        }
        $versions = [];
        if ($inserts !== []) {
            $versions = $this->write($connection, self::KEEP, $inserts);
            // A row without a new version was inserted by another transaction meanwhile.
            $failed = array_values(array_diff_key($absent, $versions));
            if ($failed !== []) {
                throw StorageException::conflict($failed);
            }
        }
        if ($updates !== []) {
            $versions += $this->write($connection, self::UPDATE, $updates);
        }
        $deletes = Rows::deletes($mutations);
        if ($deletes !== []) {
            $sql = 'DELETE FROM hookwright WHERE key = ANY(CAST(? AS text[]))';
            $connection->execute($sql, [self::textArray($deletes)]);
        }
        return Rows::versionsOfPuts($mutations, $versions);
    }

    public function begin(): array
    {
        // An accepted event must be durable, even if the platform's connection does not wait for its commits to be flushed.
        return [
            'BEGIN ISOLATION LEVEL READ COMMITTED',
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
        ];
    }

    /** A connection with another encoding would store our UTF-8 as other letters. Read once for each connection. */
    public function setting(Connection $connection, bool $joined): ?Setting
    {
        $this->settings[$connection] ??= [self::readSetting($connection)];
        return $this->settings[$connection][0];
    }

    public function place(Connection $connection): Place
    {
        return new Place((string) $connection->query("SELECT current_database() || '.' || coalesce("
            . '(SELECT CAST(relnamespace::regnamespace AS text) FROM pg_class WHERE oid = to_regclass(?)), '
            . 'current_schema(), ?)', ['hookwright', '?'])[0][0]);
    }

    public function failed(DatabaseException $error): StorageException
    {
        return $error->sqlState === self::WRONG_CHARACTERS
            ? StorageException::invalid($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error, match ($error->sqlState) {
                self::NO_TABLE => Remedy::NO_TABLE,
                self::NO_PRIVILEGE => Remedy::NO_PRIVILEGE,
                default => null,
            });
    }

    public function commitFailed(DatabaseException $error): StorageException
    {
        return Dialect::Postgres->isLost($error)
            ? StorageException::unknown($error->getMessage(), $error)
            : StorageException::notApplied($error->getMessage(), $error);
    }

    public function losesTransaction(DatabaseException $error): bool
    {
        return in_array($error->sqlState, self::TRANSACTION_LOST, true) || Dialect::Postgres->isLost($error);
    }

    private static function readSetting(Connection $connection): ?Setting
    {
        [[$database, $client]] = $connection->query(
            "SELECT current_setting('server_encoding'), current_setting('client_encoding')",
        );
        // With SQL_ASCII, the server converts nothing.
        if (!in_array($database, ['UTF8', 'SQL_ASCII'], true)) {
            throw StorageException::invalid("the database's encoding (server_encoding) is $database: use a database in UTF8");
        }
        return $database === 'SQL_ASCII' || in_array($client, ['UTF8', 'SQL_ASCII'], true)
            ? null
            : new Setting("SET client_encoding TO 'UTF8'", "SET client_encoding TO '$client'");
    }

    /**
     * Locks all rows of the commit in key order and compares them with the checks.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    private function lock(Connection $connection, array $checks, array $mutations, int $absentCount): void
    {
        $keys = array_values(array_unique([...Rows::keys($checks), ...Rows::keys($mutations)], SORT_STRING));
        // A row that is inserted under a check of its absence needs no lock: the insert is the check.
        if (count($keys) === $absentCount) {
            return;
        }
        $failed = Rows::failedChecks($checks, Rows::versions($this->checked($connection, $connection->query(
            'SELECT key, version, tableoid FROM hookwright WHERE key = ANY(CAST(? AS text[])) ORDER BY key FOR UPDATE',
            [self::textArray($keys)],
        ))));
        if ($failed !== []) {
            throw StorageException::conflict($failed);
        }
    }

    /**
     * @param list<Mutation> $puts
     * @return array<string, string>
     */
    private function write(Connection $connection, string $onConflict, array $puts): array
    {
        $values = array_map(static fn (Mutation $put): string => (string) $put->value, $puts);
        return Rows::versions($this->checked($connection, $connection->query(
            self::INSERT . $onConflict . ' RETURNING key, version, tableoid',
            [self::textArray(Rows::keys($puts)), self::textArray($values)],
        )));
    }

    /**
     * Returns rows whose last column identifies their table. Fails if it is not that of the last rows: another `search_path` leads to the
     * table of another schema, whose events this store does not deliver.
     *
     * @param list<list<string|int|null>> $rows
     * @return list<list<string|int|null>>
     */
    private function checked(Connection $connection, array $rows): array
    {
        $table = $rows === [] ? $this->table : (string) end($rows[0]);
        if ($this->table !== '' && $table !== $this->table) {
            $names = array_column($connection->query(
                "SELECT current_database() || '.' || CAST(relnamespace::regnamespace AS text) FROM pg_class "
                    . 'WHERE oid = CAST(? AS oid)',
                [$this->table],
            ), 0);
            // A table that does not exist any more was created again.
            if ($names !== []) {
                throw (new Place((string) $names[0]))->isNot($this->place($connection));
            }
        }
        $this->table = $table;
        return $rows;
    }

    /**
     * Returns an array in PostgreSQL's syntax.
     *
     * @param list<string> $texts
     */
    private static function textArray(array $texts): string
    {
        $quoted = array_map(static fn (string $text): string => '"' . addcslashes($text, '"\\') . '"', $texts);
        return '{' . implode(',', $quoted) . '}';
    }
}
