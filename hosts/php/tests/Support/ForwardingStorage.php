<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;

/** A store that passes all calls on. Tests override some of them. */
abstract class ForwardingStorage implements Storage
{
    public function __construct(protected readonly Storage $storage)
    {
    }

    public function get(array $keys): array
    {
        return $this->storage->get($keys);
    }

    public function scan(string $start, string $end, int $limit, Order $order): array
    {
        return $this->storage->scan($start, $end, $limit, $order);
    }

    public function commit(array $checks, array $mutations): array
    {
        return $this->storage->commit($checks, $mutations);
    }

    public function createSchema(): void
    {
        $this->storage->createSchema();
    }

    public function inTransaction(): bool
    {
        return $this->storage->inTransaction();
    }
}
