<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\StorageException;

/**
 * What makes a storage call well-formed: the rules of `wit/storage.wit` that can be decided without looking at a row. Every store
 * asks first, so that a call refused by one is refused by all.
 */
final class Contract
{
    /** @param list<string> $keys */
    public static function validateGet(array $keys): void
    {
        self::atMost('keys of one get', count($keys), Limits::GET_KEYS_MAX);
        foreach ($keys as $key) {
            self::validateKey($key);
        }
    }

    public static function validateScan(string $start, string $end, int $limit): void
    {
        foreach ([$start, $end] as $bound) {
            if (strlen($bound) > Limits::BOUND_BYTES_MAX || preg_match('/\A[!-~]+\z/', $bound) !== 1) {
                throw StorageException::invalid(sprintf(
                    'a bound of a scan has 1 to %d bytes of printable ASCII, unlike %s',
                    Limits::BOUND_BYTES_MAX,
                    self::brief($bound),
                ));
            }
        }
        if ($limit < 1 || $limit > Limits::SCAN_ENTRIES_MAX) {
            throw StorageException::invalid(
                sprintf('a scan asks for 1 to %d entries, not %d', Limits::SCAN_ENTRIES_MAX, $limit),
            );
        }
    }

    /**
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    public static function validateCommit(array $checks, array $mutations): void
    {
        self::atMost('checks of one commit', count($checks), Limits::COMMIT_CHECKS_MAX);
        self::atMost('mutations of one commit', count($mutations), Limits::COMMIT_MUTATIONS_MAX);
        $bytes = 0;
        $checked = $changed = $puts = [];
        foreach ($checks as $check) {
            self::validateKey($check->key);
            self::once($checked, $check->key, 'checked');
            $bytes += strlen($check->key);
        }
        foreach ($mutations as $mutation) {
            self::validateKey($mutation->key);
            self::once($changed, $mutation->key, 'changed');
            $bytes += strlen($mutation->key);
            if ($mutation->value !== null) {
                self::validateValue($mutation->key, $mutation->value);
                $bytes += strlen($mutation->value);
                $puts["k$mutation->key"] = true;
            }
        }
        self::atMost('bytes of one commit', $bytes, Limits::COMMIT_BYTES_MAX);
        foreach ($checks as $check) {
            if ($check->version === null && !isset($puts["k$check->key"])) {
                throw StorageException::invalid(
                    "the absence of `$check->key` is checked, but the commit does not put it",
                );
            }
        }
    }

    private static function validateKey(string $key): void
    {
        if (strlen($key) > Limits::KEY_BYTES_MAX || preg_match('~\A[a-z0-9/._-]+\z~', $key) !== 1) {
            throw StorageException::invalid(sprintf(
                'a key has 1 to %d of a-z 0-9 / . _ -; encode the rest of %s',
                Limits::KEY_BYTES_MAX,
                self::brief($key),
            ));
        }
    }

    /** The message names the key alone: the value may be anybody's data. */
    private static function validateValue(string $key, string $value): void
    {
        if (str_contains($value, "\0") || preg_match('//u', $value) !== 1) {
            throw StorageException::invalid("the value of `$key` is no UTF-8 text without U+0000");
        }
        if (strlen($value) > Limits::VALUE_BYTES_MAX) {
            throw StorageException::invalid(
                sprintf('the value of `%s` has %d bytes, more than %d', $key, strlen($value), Limits::VALUE_BYTES_MAX),
            );
        }
    }

    /** @param array<string, true> $seen */
    private static function once(array &$seen, string $key, string $what): void
    {
        // A key of digits alone would become an integer as an array's key.
        if (isset($seen["k$key"])) {
            throw StorageException::invalid("`$key` is $what twice in one commit");
        }
        $seen["k$key"] = true;
    }

    private static function atMost(string $what, int $count, int $max): void
    {
        if ($count > $max) {
            throw StorageException::invalid("$count $what are more than $max");
        }
    }

    private static function brief(string $text): string
    {
        $ascii = (string) preg_replace('/[^ -~]/', '?', substr($text, 0, 40));
        return "`$ascii`";
    }
}
