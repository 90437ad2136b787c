<?php

declare(strict_types=1);

namespace Hookwright\Cli;

use Hookwright\Component\StorageCalls;
use Hookwright\Storage\Entry;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Support\Json;
use Hookwright\Support\Limits;
use Throwable;

/**
 * Serves a store to the storage kit (`docs/storage-kit.md`): each request and each reply is a line of JSON.
 *
 * @internal
 */
final class StorageDriver
{
    private const PROTOCOL = 1;

    /**
     * Serves requests until the input ends.
     *
     * @param resource $input
     * @param resource $output
     */
    public static function run(Storage $storage, $input, $output): void
    {
        while (($line = fgets($input)) !== false) {
            /** @var array<string, mixed> $request */
            $request = Json::decode($line);
            fwrite($output, Json::encode(['id' => $request['id']] + self::serve($storage, $request)) . "\n");
            fflush($output);
        }
    }

    /**
     * @param array<string, mixed> $request
     * @return array<string, mixed>
     */
    private static function serve(Storage $storage, array $request): array
    {
        try {
            switch ($request['call']) {
                case 'open':
                    $storage->createSchema();
                    return ['ok' => ['protocol' => self::PROTOCOL, 'durable' => true]];
                case 'reset':
                    self::removeAll($storage);
                    return ['ok' => ['protocol' => self::PROTOCOL, 'durable' => true]];
                default:
                    return StorageCalls::serve($storage, $request);
            }
        } catch (Throwable $error) {
            return ['error' => ['kind' => 'not-applied', 'message' => $error->getMessage()]];
        }
    }

    private static function removeAll(Storage $storage): void
    {
        while (($rows = $storage->scan('!', '~', Limits::SCAN_ENTRIES_MAX, Order::Forward)) !== []) {
            $storage->commit([], array_map(static fn (Entry $row): Mutation => new Mutation($row->key, null), $rows));
        }
    }
}
