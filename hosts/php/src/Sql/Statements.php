<?php

declare(strict_types=1);

namespace Hookwright\Sql;

use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Storage\Check;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\StorageException;

/**
 * The statements of one dialect, and the meaning of its errors. When a transaction begins and ends is left to `Transactions`.
 *
 * @internal
 */
interface Statements
{
    /** @return list<string> the statements that create the table */
    public static function schema(): array;

    /** Returns the name of the key column, quoted if the dialect needs it. */
    public function keyColumn(): string;

    /**
     * Returns rows as key, value, version, in any order.
     *
     * @param non-empty-list<string> $keys
     * @param bool $joined true within a transaction of the platform
     * @return list<list<string|int|null>>
     */
    public function selectKeys(Connection $connection, array $keys, bool $joined): array;

    /**
     * Runs the statements of a commit inside the open transaction.
     *
     * @param list<Check> $checks
     * @param list<Mutation> $mutations
     * @param bool $joined true within a transaction of the platform
     * @return list<string> the versions of the keys put, in the order of the puts
     */
    public function apply(Connection $connection, array $checks, array $mutations, bool $joined): array;

    /** @return list<string> the statements that begin a transaction of the store */
    public function begin(): array;

    /**
     * Returns a setting of the connection that a call must change, or null if it is right already.
     *
     * @param bool $joined true within a transaction of the platform
     * @throws StorageException if the store cannot use a connection with this setting
     */
    public function setting(Connection $connection, bool $joined): ?Setting;

    /** Returns the database, and the schema, in which the connection finds the table. */
    public function place(Connection $connection): Place;

    /** Returns the exception of a statement that failed before `COMMIT` was sent. Nothing was applied. */
    public function failed(DatabaseException $error): StorageException;

    /** Returns the exception of a failed `COMMIT`. */
    public function commitFailed(DatabaseException $error): StorageException;

    /** Returns true if the platform can only roll its transaction back after this error. */
    public function losesTransaction(DatabaseException $error): bool;
}
