<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Storage\StorageException;
use Throwable;

/**
 * The begin and end of a call's changes: a transaction of the store, or a savepoint within the platform's transaction. It maps errors to
 * the kinds of the contract.
 *
 * @internal
 */
final class Transactions
{
    private const SAVEPOINT = 'SAVEPOINT hookwright';
    private const RELEASE = 'RELEASE SAVEPOINT hookwright';
    private const UNDO = 'ROLLBACK TO SAVEPOINT hookwright';

    private readonly Connection $connection;

    public function __construct(private readonly Session $session, private readonly Statements $statements)
    {
        $this->connection = $session->connection;
    }

    /**
     * Runs statements in a transaction of the store.
     *
     * @template T of array
     * @param callable(): T $run
     * @return T
     */
    public function own(callable $run): array
    {
        try {
            foreach ($this->statements->begin() as $sql) {
                $this->connection->execute($sql);
            }
            $result = $run();
        } catch (Throwable $error) {
            $this->rollBack();
            throw $error instanceof DatabaseException ? $this->statements->failed($this->session->note($error)) : $error;
        }
        try {
            $this->connection->execute('COMMIT');
        } catch (DatabaseException $error) {
            $this->rollBack();
            throw $this->statements->commitFailed($this->session->note($error));
        }
        return $result;
    }

    /**
     * Runs statements in a savepoint within the platform's transaction.
     *
     * @template T of array
     * @param callable(): T $run
     * @return T
     */
    public function joined(callable $run): array
    {
        try {
            $this->connection->execute(self::SAVEPOINT);
        } catch (DatabaseException $error) {
            // There is nothing to undo.
            throw $this->statements->losesTransaction($error)
                ? StorageException::transactionAborted($error->getMessage(), $error)
                : $this->statements->failed($error);
        }
        try {
            $result = $run();
            $this->connection->execute(self::RELEASE);
            return $result;
        } catch (Throwable $error) {
            throw $this->undo($error);
        }
    }

    private function undo(Throwable $error): Throwable
    {
        if ($error instanceof DatabaseException && $this->statements->losesTransaction($error)) {
            return StorageException::transactionAborted($error->getMessage(), $error);
        }
        try {
            $this->connection->execute(self::UNDO);
            $this->connection->execute(self::RELEASE);
        } catch (DatabaseException $undoing) {
            return StorageException::transactionAborted(
                "{$error->getMessage()}; the rollback to the savepoint failed too: {$undoing->getMessage()}",
                $error,
            );
        }
        return $error instanceof DatabaseException ? $this->statements->failed($error) : $error;
    }

    private function rollBack(): void
    {
        try {
            $this->connection->execute('ROLLBACK');
        } catch (DatabaseException) {
            // The transaction never began, or ended with the lost connection.
        }
    }
}
