<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\Dialect;

/** A connection that records its statements, and calls a function before each. */
final class WatchedConnection implements Connection
{
    /** @var list<string> */
    public array $statements = [];

    /** @param Closure(string $sql): mixed $before */
    public function __construct(private readonly Connection $connection, private readonly Closure $before)
    {
    }

    public function dialect(): Dialect
    {
        return $this->connection->dialect();
    }

    public function query(string $sql, array $values = []): array
    {
        $this->watch($sql);
        return $this->connection->query($sql, $values);
    }

    public function execute(string $sql, array $values = []): int
    {
        $this->watch($sql);
        return $this->connection->execute($sql, $values);
    }

    public function inTransaction(): bool
    {
        return $this->connection->inTransaction();
    }

    private function watch(string $sql): void
    {
        $this->statements[] = $sql;
        ($this->before)($sql);
    }
}
