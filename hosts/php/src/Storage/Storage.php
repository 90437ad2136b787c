<?php

declare(strict_types=1);

namespace Hookwright\Storage;

/**
 * An ordered key-value store with one atomic conditional commit: `wit/storage.wit` in PHP.
 *
 * `wit/storage.wit` states the guarantees of each function. `hookwright storage-driver` lets the storage kit test an implementation.
 */
interface Storage
{
    /**
     * Returns the rows of keys, in the order of the keys; null for a missing row.
     *
     * @param list<string> $keys at most 1,000
     * @return list<?Entry>
     * @throws StorageException
     */
    public function get(array $keys): array;

    /**
     * Returns the first rows with `$start <= key < $end`.
     *
     * @param int $limit 1 to 1,000
     * @return list<Entry>
     * @throws StorageException
     */
    public function scan(string $start, string $end, int $limit, Order $order): array;

    /**
     * Applies all mutations if all checks hold, otherwise none. Takes part in an open transaction of the platform.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     * @return list<string> the new versions of the keys put, in the order of the puts
     * @throws StorageException
     */
    public function commit(array $checks, array $mutations): array;

    /**
     * Creates the tables of the store if they are missing. Call it at every deployment, outside any transaction.
     *
     * @throws StorageException
     */
    public function createSchema(): void;

    /**
     * Returns true if a transaction of the platform is open. A `commit` is then durable only after the platform's commit.
     *
     * @throws StorageException
     */
    public function inTransaction(): bool;
}
