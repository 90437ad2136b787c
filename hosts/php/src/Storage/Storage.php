<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/**
 * An ordered key-value store with one atomic conditional commit: `wit/storage.wit` in PHP, which says what each function must
 * promise. `hookwright storage-driver` lets the storage kit try one.
 */
interface Storage
{
    /**
     * The rows of these keys (at most 1,000), in the order asked; null where there is no such row.
     *
     * @param list<string> $keys
     * @return list<?Entry>
     * @throws StorageException
     */
    public function get(array $keys): array;

    /**
     * The first rows (1 to 1,000) with `$start <= key < $end` in the given order.
     *
     * @return list<Entry>
     * @throws StorageException
     */
    public function scan(string $start, string $end, int $limit, Order $order): array;

    /**
     * Applies all mutations if all checks hold, else nothing. Within a transaction of the platform's it takes part in that.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     * @return list<string> the new versions of the keys put, in the order of the puts
     * @throws StorageException
     */
    public function commit(array $checks, array $mutations): array;

    /**
     * Makes what the store needs, outside any transaction; it may be called at every deployment.
     *
     * @throws StorageException
     */
    public function createSchema(): void;

    /**
     * Whether a transaction of the platform's is open, so that a commit is none yet.
     *
     * @throws StorageException
     */
    public function inTransaction(): bool;
}
