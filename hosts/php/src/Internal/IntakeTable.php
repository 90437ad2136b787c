<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Database\Connection;
use Hookwright\Database\Dialect;
use Hookwright\Exception\TooLargeException;

/** The table of the intake, and every statement about it (`docs/php-host.md`). */
final class IntakeTable
{
    /** @return list<string> */
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

    public static function insert(Connection $connection, ?string $tenant, string $event): void
    {
        $event = self::ascii($event);
        self::atMost('tenant', strlen($tenant ?? ''), Limits::TENANT_BYTES_MAX, '');
        self::atMost('event', strlen($event), Limits::EVENT_BYTES_MAX, ' in ASCII');
        // A connection may speak something that has not all letters, and cut at the first, or take each byte for one.
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
     * The oldest rows that were not refused.
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
            // A connection may have been told to read null as an empty text, or the other way about.
            $connection->query(
                "SELECT id, tenant, event, $ms, CASE WHEN tenant IS NULL THEN 1 ELSE 0 END "
                    . "FROM hookwright_intake WHERE refused IS NULL ORDER BY id LIMIT $limit",
            ),
        );
    }

    /**
     * Removes rows, and answers how many were there.
     *
     * @param non-empty-list<IntakeRow> $rows
     */
    public static function remove(Connection $connection, array $rows): int
    {
        $ids = implode(', ', array_map(static fn (IntakeRow $row): string => (string) (int) $row->id, $rows));
        return $connection->execute("DELETE FROM hookwright_intake WHERE id IN ($ids)");
    }

    /** Marks a row that is no event: it stays, for the operator, and is not tried again. */
    public static function refuse(Connection $connection, IntakeRow $row, string $why): void
    {
        $id = (int) $row->id;
        $connection->execute("UPDATE hookwright_intake SET refused = ? WHERE id = $id", [$why]);
    }

    /** Not every database says when it cuts, and a tenant that was cut would be another. */
    private static function atMost(string $field, int $bytes, int $max, string $how): void
    {
        if ($bytes > $max) {
            throw new TooLargeException($field, "has $bytes bytes$how, more than $max", 'report less');
        }
    }

    /** The same JSON with every character beyond ASCII escaped, as it can stand in strings alone: no connection changes it. */
    private static function ascii(string $json): string
    {
        return (string) preg_replace_callback('/[^\x00-\x7f]/u', static function (array $found): string {
            return substr((string) json_encode($found[0]), 1, -1);
        }, $json);
    }
}
