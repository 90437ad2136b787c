<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Throwable;

/** A store as the storage kit drives it: calls as lines of JSON on one stream, answers on another (`docs/storage-kit.md`). */
final class StorageDriver
{
    private const PROTOCOL = 1;

    /**
     * Answers until the calls end.
     *
     * @param resource $calls
     * @param resource $answers
     */
    public static function drive(Storage $storage, $calls, $answers): void
    {
        while (($line = fgets($calls)) !== false) {
            /** @var array<string, mixed> $asked */
            $asked = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
            $said = ['id' => $asked['id']] + self::answer($storage, $asked);
            fwrite($answers, json_encode($said, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES) . "\n");
            fflush($answers);
        }
    }

    /**
     * @param array<string, mixed> $asked
     * @return array<string, mixed>
     */
    private static function answer(Storage $storage, array $asked): array
    {
        try {
            switch ($asked['call']) {
                case 'open':
                    $storage->createSchema();
                    return ['ok' => ['protocol' => self::PROTOCOL, 'durable' => true]];
                case 'reset':
                    self::removeAll($storage);
                    return ['ok' => ['protocol' => self::PROTOCOL, 'durable' => true]];
                default:
                    return StorageCalls::answer($storage, $asked);
            }
        } catch (Throwable $error) {
            return ['error' => ['kind' => 'not-applied', 'message' => $error->getMessage()]];
        }
    }

    private static function removeAll(Storage $storage): void
    {
        while (($rows = $storage->scan('!', '~', Limits::SCAN_ENTRIES_MAX, Order::Forward)) !== []) {
            $storage->commit([], array_map(static fn ($row): Mutation => new Mutation($row->key, null), $rows));
        }
    }
}
