<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Closure;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\LazyConnection;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use mysqli;
use PDO;

/** A `SqlStorage` whose connection is asked for with the first call. Only then is the dialect known. */
final class LazyStorage implements Storage
{
    private ?SqlStorage $storage = null;

    /** @param Closure(bool): (PDO|mysqli) $connection */
    public function __construct(private readonly Closure $connection)
    {
    }

    /**
     * Returns the storage.
     *
     * @throws StorageException if there is no connection
     */
    public function storage(): SqlStorage
    {
        try {
            return $this->storage ??= SqlStorage::on(new LazyConnection($this->connection));
        } catch (DatabaseException $error) {
            throw StorageException::notApplied($error->getMessage(), $error);
        }
    }

    /** Returns true if no other object refers to the connection of the last call. */
    public function hasOwnConnection(): bool
    {
        $connection = $this->storage?->connection();
        return $connection instanceof LazyConnection && $connection->isOwn();
    }

    public function get(array $keys): array
    {
        return $this->storage()->get($keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        return $this->storage()->scan($start, $end, $limit, $order);
    }

    public function commit(array $checks, array $mutations): array
    {
        return $this->storage()->commit($checks, $mutations);
    }

    public function createSchema(): void
    {
        $this->storage()->createSchema();
    }

    public function inTransaction(): bool
    {
        return $this->storage()->inTransaction();
    }
}
