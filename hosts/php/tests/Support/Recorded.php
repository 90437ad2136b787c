<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;

/** A store whose commits are noted. */
final class Recorded implements Storage
{
    /** @var list<array{list<mixed>, list<mixed>}> */
    public array $commits = [];

    public function __construct(private readonly Storage $storage)
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
        $this->commits[] = [
            array_map(static fn (Check $check): array => [$check->key, $check->version], $checks),
            array_map(static fn (Mutation $one): array => $one->value === null
                ? ['delete', $one->key]
                : ['put', $one->key, $one->value], $mutations),
        ];
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
