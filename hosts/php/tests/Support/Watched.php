<?php

declare(strict_types=1);

namespace Hookwright\Tests\Support;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\Dialect;

/** A connection whose statements are noted, and shown to somebody, before they run. */
final class Watched implements Connection
{
    /** @var list<string> */
    public array $seen = [];

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
        $this->see($sql);
        return $this->connection->query($sql, $values);
    }

    public function execute(string $sql, array $values = []): int
    {
        $this->see($sql);
        return $this->connection->execute($sql, $values);
    }

    public function inTransaction(): bool
    {
        return $this->connection->inTransaction();
    }

    private function see(string $sql): void
    {
        $this->seen[] = $sql;
        ($this->before)($sql);
    }
}
