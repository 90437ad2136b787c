<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;
use Hookwright\Database\LazyConnection;
use Hookwright\Storage\StorageException;
use WeakMap;

/**
 * The store's use of a connection. It decides on which connection a call runs, changes the connection's settings for the call, and lets a
 * lost connection be replaced.
 *
 * @internal
 */
final class Session
{
    /** The connection that was lost while no transaction of the platform was open on it. */
    private ?Connection $lost = null;
    /** The database and schema of the first connection. */
    private ?Place $place = null;
    /** @var WeakMap<Connection, true> the connections that are known to be at the place */
    private WeakMap $placed;

    public function __construct(
        public readonly Connection $connection,
        private readonly Dialect $dialect,
        private readonly Statements $statements,
    ) {
        $this->placed = new WeakMap();
    }

    /**
     * Begins a call: asks for the platform's connection. Returns true if a transaction of the platform is open on it.
     *
     * @throws StorageException if the connection is lost, or the database has ended the transaction
     */
    public function inTransaction(): bool
    {
        try {
            $this->refresh();
            return $this->connection->inTransaction();
        } catch (DatabaseException $error) {
            throw match ($error->sqlState) {
                DatabaseException::TRANSACTION_ENDED => StorageException::transactionAborted($error->getMessage(), $error),
                LazyConnection::CHANGED => StorageException::invalid($error->getMessage(), $error),
                default => $this->statements->failed($error),
            };
        }
    }

    /**
     * Runs statements that must all be on one connection.
     *
     * @template T
     * @param callable(): T $run
     * @return T
     */
    public function hold(callable $run): mixed
    {
        return $this->connection instanceof LazyConnection ? $this->connection->hold($run) : $run();
    }

    /**
     * Runs a call with the settings that the store needs. Repeats it once if the connection was lost since the last call and the
     * platform provides another.
     *
     * @template T
     * @param callable(bool $joined): T $call `$joined` is true within a transaction of the platform
     * @return T
     */
    public function run(callable $call): mixed
    {
        $joined = $this->inTransaction();
        try {
            return $this->withSetting($joined, $call);
        } catch (StorageException $error) {
            // A connection that was idle, or whose server was restarted, is found lost here.
            if ($error->kind !== 'not-applied' || $this->lost === null || !$this->replace()) {
                throw $error;
            }
        }
        return $this->withSetting(false, $call);
    }

    /** Notes an error outside any transaction of the platform, and returns it. */
    public function note(DatabaseException $error): DatabaseException
    {
        if ($this->dialect->isLost($error)) {
            $this->lost = $this->connection instanceof LazyConnection ? $this->connection->known() : $this->connection;
        }
        return $error;
    }

    /**
     * @template T
     * @param callable(bool $joined): T $call
     * @return T
     */
    private function withSetting(bool $joined, callable $call): mixed
    {
        try {
            $current = $this->connection instanceof LazyConnection ? $this->connection->current() : $this->connection;
            $this->checkPlace($current);
            $setting = $this->statements->setting($current, $joined);
            if ($setting !== null) {
                $this->connection->execute($setting->set);
            }
        } catch (DatabaseException $error) {
            throw $joined && $this->statements->losesTransaction($error)
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : $this->statements->failed($joined ? $error : $this->note($error));
        }
        try {
            return $this->hold(static fn (): mixed => $call($joined));
        } finally {
            try {
                if ($setting !== null) {
                    $this->connection->execute($setting->restore);
                }
            } catch (DatabaseException) {
                // The connection is lost, or the platform must roll back, which restores the setting.
            }
        }
    }

    /** Fails if a connection that a closure returned is to a different database from that of the first one. */
    private function checkPlace(Connection $current): void
    {
        if (!$this->connection instanceof LazyConnection || isset($this->placed[$current])) {
            return;
        }
        $place = $current->dialect() === $this->dialect
            ? $this->statements->place($current)
            : new Place("a database of the driver {$current->dialect()->value}");
        $this->place ??= $place;
        if (!$this->place->equals($place)) {
            throw $this->place->isNot($place);
        }
        $this->placed[$current] = true;
    }

    /** Asks the platform for its connection. Replaces a lost one, or checks that it works again. */
    private function refresh(): void
    {
        if ($this->lost === null) {
            $this->connection instanceof LazyConnection && $this->connection->refresh();
        } elseif (!$this->replace()) {
            // Until a statement succeeds, the driver may report a transaction that does not exist.
            $this->connection->query('SELECT 1');
            $this->lost = null;
        }
    }

    /** Returns true if no connection counts as lost any more. */
    private function replace(): bool
    {
        try {
            if ($this->lost !== null && $this->connection instanceof LazyConnection && $this->connection->replace($this->lost)) {
                $this->lost = null;
            }
        } catch (DatabaseException) {
            // The platform cannot connect now.
        }
        return $this->lost === null;
    }
}
