<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Storage\Check;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Throwable;

/** Answers storage calls in the words of the storage kit (`docs/storage-kit.md`): the component's, and those of the kit. */
final class StorageCalls
{
    /**
     * @param array<string, mixed> $asked with `call`: `get`, `scan` or `commit`
     * @return array<string, mixed> with `ok` or `error`
     */
    public static function answer(Storage $storage, array $asked): array
    {
        try {
            return ['ok' => match ($asked['call']) {
                'get' => array_map(self::shown(...), $storage->get($asked['keys'])),
                'scan' => array_map(self::shown(...), $storage->scan(
                    $asked['start'],
                    $asked['end'],
                    $asked['limit'],
                    Order::from($asked['order']),
                )),
                'commit' => $storage->commit(self::checks($asked['checks']), self::mutations($asked['mutations'])),
            }];
        } catch (StorageException $error) {
            return ['error' => $error->kind === 'conflict'
                ? ['kind' => 'conflict', 'failed' => $error->failed]
                : ['kind' => $error->kind, 'message' => self::text($error->getMessage())]];
        } catch (Throwable $error) {
            // What a store throws that is not of the contract says nothing about whether a commit was applied.
            $kind = $asked['call'] === 'commit' ? 'unknown' : 'not-applied';
            $message = sprintf('%s: %s', $error::class, self::text($error->getMessage()));
            return ['error' => ['kind' => $kind, 'message' => $message]];
        }
    }

    /**
     * @param list<array{key: string, version: ?string}> $checks
     * @return list<Check>
     */
    private static function checks(array $checks): array
    {
        return array_map(static fn (array $check): Check => new Check($check['key'], $check['version']), $checks);
    }

    /**
     * @param list<array{put?: string, value?: string, delete?: string}> $mutations
     * @return list<Mutation>
     */
    private static function mutations(array $mutations): array
    {
        return array_map(static fn (array $one): Mutation => isset($one['put'])
            ? new Mutation($one['put'], $one['value'] ?? '')
            : new Mutation($one['delete'] ?? '', null), $mutations);
    }

    /** @return ?array{key: string, value: string, version: string} */
    private static function shown(?Entry $entry): ?array
    {
        return $entry === null
            ? null
            : ['key' => $entry->key, 'value' => $entry->value, 'version' => $entry->version];
    }

    /** A database's message may be in any character set. */
    private static function text(string $message): string
    {
        return preg_match('//u', $message) === 1 ? $message : (string) preg_replace('/[^ -~]/', '?', $message);
    }
}
