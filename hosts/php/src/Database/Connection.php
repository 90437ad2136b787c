<?php

declare(strict_types=1);

namespace Hookwright\Database;

/**
 * A connection to the platform's database, as small as the stores need it. `PdoConnection` and `MysqliConnection` wrap what
 * platforms have; a framework with a connection of another kind implements these four methods.
 *
 * Every connection throws `DatabaseException` for what the database refuses, whatever its driver does by itself.
 */
interface Connection
{
    public function dialect(): Dialect;

    /**
     * Runs a statement and answers its rows, each a list of its columns; none for a statement that has none.
     *
     * @param list<string> $values for the question marks of the statement
     * @return list<list<string|int|null>>
     * @throws DatabaseException
     */
    public function query(string $sql, array $values = []): array;

    /**
     * Runs a statement and answers how many rows it changed.
     *
     * @param list<string> $values for the question marks of the statement
     * @throws DatabaseException
     */
    public function execute(string $sql, array $values = []): int;

    /**
     * Whether a transaction of the platform's is open, so that what is written now is committed by somebody else.
     *
     * @throws DatabaseException with `TRANSACTION_ENDED` if one was begun that the database has ended by itself
     */
    public function inTransaction(): bool;
}
