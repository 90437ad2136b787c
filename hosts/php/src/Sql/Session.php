<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\Dialect;
use Hookwright\Database\LazyConnection;
use Hookwright\Storage\StorageException;

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

    public function __construct(
        public readonly Connection $connection,
        private readonly Dialect $dialect,
        private readonly Statements $statements,
    ) {
    }

    /**
     * Returns true if a transaction of the platform is open.
     *
     * @throws StorageException if the connection is lost, or the database has ended the transaction
     */
    public function inTransaction(): bool
    {
        try {
            $this->recover();
            return $this->connection->inTransaction();
        } catch (DatabaseException $error) {
            throw $error->sqlState === DatabaseException::TRANSACTION_ENDED
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : StorageException::notApplied($error->getMessage(), $error);
        }
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
            return $call($joined);
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

    /** Replaces a lost connection, or checks that it works again. */
    private function recover(): void
    {
        if ($this->lost !== null && !$this->replace()) {
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
