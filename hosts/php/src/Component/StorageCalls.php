<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Hookwright\Storage\Check;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Json;
use Throwable;

/**
 * Serves storage calls in the messages of the storage kit (`docs/storage-kit.md`). The component and the kit send the same messages.
 *
 * @internal
 */
final class StorageCalls
{
    /**
     * Serves a request.
     *
     * @param array<string, mixed> $request with `call`: `get`, `scan` or `commit`
     * @param ?Throwable $failure is set to the exception of a failed call, except for a conflict
     * @return array<string, mixed> with `ok` or `error`
     */
    public static function serve(Storage $storage, array $request, ?Throwable &$failure = null): array
    {
        try {
            return ['ok' => match ($request['call']) {
                'get' => array_map(self::entry(...), $storage->get($request['keys'])),
                'scan' => array_map(self::entry(...), $storage->scan(
                    $request['start'],
                    $request['end'],
                    $request['limit'],
                    Order::from($request['order']),
                )),
                'commit' => $storage->commit(self::checks($request['checks']), self::mutations($request['mutations'])),
            }];
        } catch (StorageException $error) {
            $failure = $error->kind === 'conflict' ? $failure : $error;
            return ['error' => $error->kind === 'conflict'
                ? ['kind' => 'conflict', 'failed' => $error->failed]
                : ['kind' => $error->kind, 'message' => self::utf8($error->getMessage())]];
        } catch (Throwable $error) {
            $failure = $error;
            // An exception outside the contract does not tell if a commit was applied.
            $kind = $request['call'] === 'commit' ? 'unknown' : 'not-applied';
            $message = sprintf('%s: %s', $error::class, self::utf8($error->getMessage()));
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
        return array_map(static fn (array $mutation): Mutation => isset($mutation['put'])
            ? new Mutation($mutation['put'], $mutation['value'] ?? '')
            : new Mutation($mutation['delete'] ?? '', null), $mutations);
    }

    /** @return ?array{key: string, value: string, version: string} */
    private static function entry(?Entry $entry): ?array
    {
        return $entry === null
            ? null
            : ['key' => $entry->key, 'value' => $entry->value, 'version' => $entry->version];
    }

    /** Returns a database's message in UTF-8. It may be in any character set. */
    private static function utf8(string $message): string
    {
        return Json::isUtf8($message) ? $message : (string) preg_replace('/[^ -~]/', '?', $message);
    }
}
