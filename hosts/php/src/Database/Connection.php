<?php

declare(strict_types=1);

namespace Hookwright\Database;

/**
 * A connection to the platform's database, reduced to the methods that the stores need.
 *
 * `PdoConnection` and `MysqliConnection` wrap the usual connections. Implement this interface for another kind. Every implementation
 * throws `DatabaseException` for a failed statement, also where its driver by default does not.
 */
interface Connection
{
    /** Returns the database's dialect of SQL. */
    public function dialect(): Dialect;

    /**
     * Runs a statement. Returns its rows, each a list of its columns; no rows for a statement that returns none.
     *
     * @param list<string> $values for the question marks of the statement
     * @return list<list<string|int|null>>
     * @throws DatabaseException
     */
    public function query(string $sql, array $values = []): array;

    /**
     * Runs a statement. Returns the number of rows that it changed.
     *
     * @param list<string> $values for the question marks of the statement
     * @throws DatabaseException
     */
    public function execute(string $sql, array $values = []): int;

    /**
     * Returns true if a transaction of the platform is open. The platform then commits what is written now.
     *
     * @throws DatabaseException with `TRANSACTION_ENDED` if the database itself has ended a transaction that the platform began
     */
    public function inTransaction(): bool;
}
