<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Closure;
use mysqli;
use PDO;
use Throwable;

/**
 * The platform's current connection, by a closure. Long-lived processes (Octane, queue workers) replace lost connections.
 *
 * A store calls the closure before each of its calls. The closure must return the same connection while a transaction is open on it.
 * Its argument is true if the last connection was found lost with no transaction open; the closure may then connect again.
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
     * Returns the current connection: the same object until it is replaced.
     *
     * @throws DatabaseException if there is none
     */
    public function current(): Connection
    {
        return $this->ask(false);
    }

    /** Returns the connection of the last call. */
    public function known(): ?Connection
    {
        return $this->connection;
    }

    /**
     * Tells the closure that a connection is lost. Returns true if it now returns another.
     *
     * @throws DatabaseException if there is none
     */
    public function replace(Connection $lost): bool
    {
        return $this->ask(true) !== $lost;
    }

    private function ask(bool $lost): Connection
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
