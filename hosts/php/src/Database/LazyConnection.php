<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Closure;
use mysqli;
use PDO;

/**
 * The connection that a platform has at the moment: a long-lived process (Octane, a queue worker) replaces what it has lost. The
 * closure is asked before each call of a store, and must answer the same connection as long as a transaction is open on it.
 */
final class LazyConnection implements Connection
{
    private PDO|mysqli|null $known = null;
    private ?Connection $connection = null;

    /** @param Closure(): (PDO|mysqli) $current */
    public function __construct(private readonly Closure $current)
    {
    }

    public function dialect(): Dialect
    {
        return $this->current()->dialect();
    }

    public function query(string $sql, array $values = []): array
    {
        return $this->current()->query($sql, $values);
    }

    public function execute(string $sql, array $values = []): int
    {
        return $this->current()->execute($sql, $values);
    }

    public function inTransaction(): bool
    {
        return $this->current()->inTransaction();
    }

    /** The connection behind it, one object as long as it is not replaced. */
    public function current(): Connection
    {
        $current = ($this->current)();
        if ($this->connection === null || $current !== $this->known) {
            $this->known = $current;
            $this->connection = $current instanceof PDO ? new PdoConnection($current) : new MysqliConnection($current);
        }
        return $this->connection;
    }
}
