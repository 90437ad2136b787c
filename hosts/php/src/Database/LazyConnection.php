<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Closure;
use mysqli;
use PDO;
use Throwable;
use WeakReference;

/**
 * The platform's current connection, by a closure. Long-lived processes (Octane, queue workers) replace lost connections.
 *
 * A store calls the closure once for each of its calls (`refresh`) and runs all statements of the call on the connection that it returns.
 * The closure must return the same connection while a transaction is open on it. Its argument is true if the last connection was found
 * lost with no transaction open; the closure may then connect again.
 */
final class LazyConnection implements Connection
{
    /** The SQLSTATE of a closure that returns another connection while a transaction is open on the last one. */
    public const CHANGED = 'HW001';
    /** The SQLSTATE of a client that cannot connect. */
    private const NO_CONNECTION = '08001';

    private PDO|mysqli|null $known = null;
    private ?Connection $connection = null;
    /** Code that runs and needs the connection to stay the same. */
    private int $holds = 0;
    /** True if the closure was asked for a call that has not begun. */
    private bool $isFresh = false;

    /** @param Closure(bool $lost): (PDO|mysqli) $current */
    public function __construct(private readonly Closure $current)
    {
    }

    public function dialect(): Dialect
    {
        $this->isFresh = $this->isFresh || $this->connection === null;
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
     * Returns the connection of the current call: the same object until it is replaced. Asks the closure only if it was never asked.
     *
     * @throws DatabaseException if there is none
     */
    public function current(): Connection
    {
        return $this->connection ?? $this->ask(false);
    }

    /** Returns the connection of the last call. */
    public function known(): ?Connection
    {
        return $this->connection;
    }

    /**
     * Asks the closure for the connection of the next call.
     *
     * @throws DatabaseException if there is none; with `CHANGED` if there is another although a transaction is open on the last one
     */
    public function refresh(): void
    {
        $this->isFresh && $this->connection !== null || $this->ask(false);
        $this->isFresh = false;
    }

    /** Lets the next call ask again, although the dialect was asked for. */
    public function expire(): void
    {
        $this->isFresh = false;
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

    /**
     * Runs code on one connection: until it ends, the closure is not asked again.
     *
     * @template T
     * @param callable(): T $run
     * @return T
     */
    public function hold(callable $run): mixed
    {
        $this->holds += 1;
        try {
            return $run();
        } finally {
            $this->holds -= 1;
        }
    }

    /**
     * Returns true if nothing but this object refers to the connection of the last call. The platform can have no transaction on it. Such a
     * connection is closed.
     */
    public function isOwn(): bool
    {
        if ($this->known === null || $this->holds > 0) {
            return false;
        }
        $last = WeakReference::create($this->known);
        $kept = WeakReference::create($this->connection);
        $this->known = $this->connection = null;
        [$alive, $wrapped] = [$last->get(), $kept->get()];
        if ($alive === null) {
            return true;
        }
        $this->known = $alive;
        $this->connection = $wrapped ?? self::wrap($alive);
        return false;
    }

    private function ask(bool $lost): Connection
    {
        if ($this->holds > 0 && $this->connection !== null) {
            return $this->connection;
        }
        try {
            $current = ($this->current)($lost);
        } catch (Throwable $error) {
            throw new DatabaseException("there is no connection: {$error->getMessage()}", self::NO_CONNECTION, 0, $error);
        }
        if ($this->connection === null || $current !== $this->known) {
            if (!$lost && !$this->isOwn() && $this->isTransactionOpen()) {
                throw new DatabaseException(
                    'the closure returned another connection although a transaction is open on the last one: return the same '
                        . 'connection until the transaction ends, for example `static fn () => $pdo`',
                    self::CHANGED,
                    0,
                );
            }
            $this->known = $current;
            $this->connection = self::wrap($current);
        }
        return $this->connection;
    }

    private function isTransactionOpen(): bool
    {
        try {
            return $this->connection?->inTransaction() ?? false;
        } catch (DatabaseException) {
            // It is lost, or the database has ended the transaction.
            return false;
        }
    }

    private static function wrap(PDO|mysqli $connection): Connection
    {
        return $connection instanceof PDO ? new PdoConnection($connection) : new MysqliConnection($connection);
    }
}
