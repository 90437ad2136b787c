<?php

declare(strict_types=1);

namespace Hookwright\Storage;

use Hookwright\Support\Limits;

/**
 * The rules of `wit/storage.wit` for the arguments of a call. Every store checks them first, so all stores refuse the same calls.
 */
final class CallRules
{
    /**
     * Fails if the arguments of a `get` break a rule.
     *
     * @param list<string> $keys
     */
    public static function checkGet(array $keys): void
    {
        self::atMost('keys of one get', count($keys), Limits::GET_KEYS_MAX);
        foreach ($keys as $key) {
            self::checkKey($key);
        }
    }

    /** Fails if the arguments of a `scan` break a rule. */
    public static function checkScan(string $start, string $end, int $limit): void
    {
        foreach ([$start, $end] as $bound) {
            if (strlen($bound) > Limits::BOUND_BYTES_MAX || preg_match('/\A[!-~]+\z/', $bound) !== 1) {
                throw StorageException::invalid(sprintf(
                    'a bound of a scan must have 1 to %d bytes of printable ASCII; it is %s',
                    Limits::BOUND_BYTES_MAX,
                    self::brief($bound),
                ));
            }
        }
        if ($limit < 1 || $limit > Limits::SCAN_ENTRIES_MAX) {
            throw StorageException::invalid(
                sprintf('the limit of a scan must be 1 to %d; it is %d', Limits::SCAN_ENTRIES_MAX, $limit),
            );
        }
    }

    /**
     * Fails if the arguments of a `commit` break a rule.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     */
    public static function checkCommit(array $checks, array $mutations): void
    {
        self::atMost('checks of one commit', count($checks), Limits::COMMIT_CHECKS_MAX);
        self::atMost('mutations of one commit', count($mutations), Limits::COMMIT_MUTATIONS_MAX);
        $bytes = 0;
        $checked = $changed = $puts = [];
        foreach ($checks as $check) {
            self::checkKey($check->key);
            self::once($checked, $check->key, 'checked');
            $bytes += strlen($check->key);
        }
        foreach ($mutations as $mutation) {
            self::checkKey($mutation->key);
            self::once($changed, $mutation->key, 'changed');
            $bytes += strlen($mutation->key);
            if ($mutation->value !== null) {
                self::checkValue($mutation->key, $mutation->value);
                $bytes += strlen($mutation->value);
                $puts["k$mutation->key"] = true;
            }
        }
        self::atMost('bytes of one commit', $bytes, Limits::COMMIT_BYTES_MAX);
        foreach ($checks as $check) {
            if ($check->version === null && !isset($puts["k$check->key"])) {
                throw StorageException::invalid(
                    "the commit checks the absence of `$check->key`, but does not put it",
                );
            }
        }
    }

    private static function checkKey(string $key): void
    {
        if (strlen($key) > Limits::KEY_BYTES_MAX || preg_match('~\A[a-z0-9/._-]+\z~', $key) !== 1) {
            throw StorageException::invalid(sprintf(
                'a key must have 1 to %d characters of a-z 0-9 / . _ -; it is %s',
                Limits::KEY_BYTES_MAX,
                self::brief($key),
            ));
        }
    }

    /** The message names only the key, because the value may be personal data. */
    private static function checkValue(string $key, string $value): void
    {
        if (str_contains($value, "\0") || preg_match('//u', $value) !== 1) {
            throw StorageException::invalid("the value of `$key` must be UTF-8 without U+0000");
        }
        if (strlen($value) > Limits::VALUE_BYTES_MAX) {
            throw StorageException::invalid(
                sprintf('the value of `%s` has %d bytes; the maximum is %d', $key, strlen($value), Limits::VALUE_BYTES_MAX),
            );
        }
    }

    /** @param array<string, true> $seen */
    private static function once(array &$seen, string $key, string $what): void
    {
        // The prefix keeps a key of digits from becoming an integer.
        if (isset($seen["k$key"])) {
            throw StorageException::invalid("`$key` is $what twice in one commit");
        }
        $seen["k$key"] = true;
    }

    private static function atMost(string $what, int $count, int $max): void
    {
        if ($count > $max) {
            throw StorageException::invalid("$count $what; the maximum is $max");
        }
    }

    private static function brief(string $text): string
    {
        $ascii = (string) preg_replace('/[^ -~]/', '?', substr($text, 0, 40));
        return "`$ascii`";
    }
}
