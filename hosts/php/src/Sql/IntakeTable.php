<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\Dialect;
use Hookwright\Exception\TooLargeException;
use Hookwright\Support\Limits;

/**
 * The table of the intake, and its statements (`docs/php-host.md`).
 *
 * @internal
 */
final class IntakeTable
{
    /** @return list<string> the statements that create the table */
    public static function schema(Dialect $dialect): array
    {
        return match ($dialect) {
            Dialect::Sqlite => ['CREATE TABLE IF NOT EXISTS hookwright_intake ('
                . 'id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT, event TEXT NOT NULL, '
                . "reported_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), refused TEXT)"],
            Dialect::Mysql => ['CREATE TABLE IF NOT EXISTS hookwright_intake ('
                . 'id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, '
                . 'tenant VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, '
                . 'event MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, '
                . 'reported_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), '
                . 'refused TEXT CHARACTER SET utf8mb4 NULL) ENGINE = InnoDB'],
            Dialect::Postgres => ['CREATE TABLE IF NOT EXISTS hookwright_intake ('
                . 'id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text, event text NOT NULL, '
                . 'reported_at timestamptz NOT NULL DEFAULT clock_timestamp(), refused text)'],
        };
    }

    /** Inserts an event. */
    public static function insert(Connection $connection, ?string $tenant, string $event): void
    {
        $event = self::ascii($event);
        self::atMost('tenant', strlen($tenant ?? ''), Limits::TENANT_BYTES_MAX, '');
        self::atMost('event', strlen($event), Limits::EVENT_BYTES_MAX, ' in ASCII');
        // A connection may use a character set that lacks some letters, or that takes each byte for a letter.
        $sql = match ($connection->dialect()) {
            Dialect::Sqlite => '?',
            Dialect::Mysql => 'CONVERT(UNHEX(?) USING utf8mb4)',
            Dialect::Postgres => "convert_from(decode(?, 'hex'), 'UTF8')",
        };
        $given = $tenant === null || $sql === '?' ? $tenant : bin2hex($tenant);
        $values = $given === null ? [] : [$given];
        $tenantSql = $given === null ? 'NULL' : $sql;
        $connection->execute(
            "INSERT INTO hookwright_intake (tenant, event) VALUES ($tenantSql, ?)",
            [...$values, $event],
        );
    }

    /**
     * Returns the oldest rows that are not refused.
     *
     * @return list<IntakeRow>
     */
    public static function oldest(Connection $connection, int $limit): array
    {
        $ms = match ($connection->dialect()) {
            Dialect::Sqlite => 'CAST(round((julianday(reported_at) - 2440587.5) * 86400000) AS INTEGER)',
            Dialect::Mysql => 'CAST(UNIX_TIMESTAMP(reported_at) * 1000 AS UNSIGNED)',
            Dialect::Postgres => 'CAST(extract(epoch FROM reported_at) * 1000 AS bigint)',
        };
        return array_map(
            static fn (array $row): IntakeRow => new IntakeRow(
                (string) $row[0],
                (string) $row[4] === '1' ? null : (string) $row[1],
                (string) $row[2],
                (int) $row[3],
            ),
            // A connection may return null as an empty text, or an empty text as null.
            $connection->query(
                "SELECT id, tenant, event, $ms, CASE WHEN tenant IS NULL THEN 1 ELSE 0 END "
                    . "FROM hookwright_intake WHERE refused IS NULL ORDER BY id LIMIT $limit",
            ),
        );
    }

    /**
     * Removes rows. Returns the number of rows that existed.
     *
     * @param non-empty-list<IntakeRow> $rows
     */
    public static function remove(Connection $connection, array $rows): int
    {
        $ids = implode(', ', array_map(static fn (IntakeRow $row): string => (string) (int) $row->id, $rows));
        return $connection->execute("DELETE FROM hookwright_intake WHERE id IN ($ids)");
    }

    /**
     * Marks a row that is not a valid event. It stays for the administrator and is not read again. Returns 0 if another reader has
     * marked or removed it.
     */
    public static function refuse(Connection $connection, IntakeRow $row, string $reason): int
    {
        $id = (int) $row->id;
        return $connection->execute("UPDATE hookwright_intake SET refused = ? WHERE id = $id AND refused IS NULL", [$reason]);
    }

    /** Checked here, because some databases cut a text silently, and a cut tenant is another tenant. */
    private static function atMost(string $field, int $bytes, int $max, string $how): void
    {
        if ($bytes > $max) {
            throw new TooLargeException($field, "has $bytes bytes$how", "the maximum is $max bytes");
        }
    }

    /** Returns the same JSON with all letters beyond ASCII escaped. No connection changes it. */
    private static function ascii(string $json): string
    {
        return (string) preg_replace_callback('/[^\x00-\x7f]/u', static function (array $found): string {
            return substr((string) json_encode($found[0]), 1, -1);
        }, $json);
    }
}
