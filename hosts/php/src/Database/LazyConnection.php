<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Closure;
use mysqli;
use PDO;
use Throwable;

/**
 * The connection that a platform has at the moment: a long-lived process (Octane, a queue worker) replaces what it has lost. The
 * closure is asked before each call of a store, and must answer the same connection as long as a transaction is open on it. It is
 * given whether the one that it answered last was found lost, with no transaction open on it: then it may connect anew.
 */
final class LazyConnection implements Connection
{
    /** The SQLSTATE of a client that cannot connect. */
    private const NO_CONNECTION = '08001';

    private PDO|mysqli|null $known = null;
    private ?Connection $connection = null;

    /** @param Closure(bool $lost): (PDO|mysqli) $current */
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

    /**
     * The connection behind it, one object as long as it is not replaced.
     *
     * @throws DatabaseException if there is none
     */
    public function current(): Connection
    {
        return $this->taken(false);
    }

    /** The connection that was current last. */
    public function known(): ?Connection
    {
        return $this->connection;
    }

    /**
     * Says that a connection is lost; true if there is another now.
     *
     * @throws DatabaseException if there is none
     */
    public function replace(Connection $lost): bool
    {
        return $this->taken(true) !== $lost;
    }

    private function taken(bool $lost): Connection
    {
        try {
            $current = ($this->current)($lost);
        } catch (Throwable $error) {
            throw new DatabaseException("there is no connection: {$error->getMessage()}", self::NO_CONNECTION, 0, $error);
        }
        if ($this->connection === null || $current !== $this->known) {
            $this->known = $current;
            $this->connection = $current instanceof PDO ? new PdoConnection($current) : new MysqliConnection($current);
        }
        return $this->connection;
    }
}
