<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Storage\Check;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Support\Limits;

/**
 * Functions over rows, checks and mutations that all dialects share. Arrays by key have `k` before the key, because PHP would turn a key
 * of digits into an integer.
 *
 * @internal
 */
final class Rows
{
    /** @param list<string|int|null> $row as key, value, version */
    public static function entry(array $row): Entry
    {
        // A connection may return empty texts as null.
        return new Entry((string) $row[0], (string) ($row[1] ?? ''), (string) $row[2]);
    }

    /**
     * Returns versions by key.
     *
     * @param list<list<string|int|null>> $rows as key and version
     * @return array<string, string>
     */
    public static function versions(array $rows): array
    {
        $versions = [];
        foreach ($rows as [$key, $version]) {
            $versions["k$key"] = (string) $version;
        }
        return $versions;
    }

    /**
     * Returns the versions of the puts, in the order of the mutations.
     *
     * @param list<Mutation> $mutations
     * @param array<string, string> $versions by key
     * @return list<string>
     */
    public static function versionsOfPuts(array $mutations, array $versions): array
    {
        $ofPuts = [];
        foreach ($mutations as $mutation) {
            if ($mutation->value !== null) {
                $ofPuts[] = $versions["k$mutation->key"];
            }
        }
        return $ofPuts;
    }

    /**
     * Returns the indexes of the checks that fail.
     *
     * @param list<Check> $checks
     * @param array<string, string> $versions of the existing rows, by key
     * @return list<int>
     */
    public static function failedChecks(array $checks, array $versions): array
    {
        $failed = [];
        foreach ($checks as $index => $check) {
            if (($versions["k$check->key"] ?? null) !== $check->version) {
                $failed[] = $index;
            }
        }
        return $failed;
    }

    /**
     * Returns the indexes of the checks of absence, by key.
     *
     * @param list<Check> $checks
     * @return array<string, int>
     */
    public static function absenceChecks(array $checks): array
    {
        $absent = [];
        foreach ($checks as $index => $check) {
            if ($check->version === null) {
                $absent["k$check->key"] = $index;
            }
        }
        return $absent;
    }

    /**
     * Returns the puts in the order of their keys. In one order, two commits that insert the same keys cannot deadlock.
     *
     * @param list<Mutation> $mutations
     * @return list<Mutation>
     */
    public static function puts(array $mutations): array
    {
        $puts = array_filter($mutations, static fn (Mutation $mutation): bool => $mutation->value !== null);
        usort($puts, static fn (Mutation $a, Mutation $b): int => strcmp($a->key, $b->key));
        return $puts;
    }

    /**
     * Returns the keys of the deletes, in order.
     *
     * @param list<Mutation> $mutations
     * @return list<string>
     */
    public static function deletes(array $mutations): array
    {
        $deletes = array_filter($mutations, static fn (Mutation $mutation): bool => $mutation->value === null);
        $keys = self::keys(array_values($deletes));
        sort($keys, SORT_STRING);
        return $keys;
    }

    /**
     * Returns the keys of checks or mutations.
     *
     * @param list<Check|Mutation> $items
     * @return list<string>
     */
    public static function keys(array $items): array
    {
        return array_map(static fn (Check|Mutation $item): string => $item->key, $items);
    }

    /**
     * Splits puts into batches for one statement each.
     *
     * @param list<Mutation> $puts
     * @return list<non-empty-list<Mutation>>
     */
    public static function batches(array $puts, int $rowsMax): array
    {
        $batches = [];
        $batch = [];
        $bytes = 0;
        foreach ($puts as $put) {
            $putBytes = strlen($put->key) + strlen((string) $put->value);
            if ($batch !== [] && ($bytes + $putBytes > Limits::STATEMENT_BYTES_MAX || count($batch) === $rowsMax)) {
                $batches[] = $batch;
                $batch = [];
                $bytes = 0;
            }
            $batch[] = $put;
            $bytes += $putBytes;
        }
        if ($batch !== []) {
            $batches[] = $batch;
        }
        return $batches;
    }

    /**
     * Returns the values of puts for a statement with two question marks for each.
     *
     * @param list<Mutation> $puts
     * @return list<string>
     */
    public static function keysAndValues(array $puts): array
    {
        $values = [];
        foreach ($puts as $put) {
            array_push($values, $put->key, (string) $put->value);
        }
        return $values;
    }

    /** Returns a text once for each item, with commas: `?, ?, ?`. */
    public static function list(string $text, int $count): string
    {
        return implode(', ', array_fill(0, $count, $text));
    }
}
