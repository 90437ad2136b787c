<?php

declare(strict_types=1);

namespace Hookwright\Database;

use RuntimeException;
use Throwable;

/** The database refused a statement, or cannot be reached. `getCode()` returns the SQLSTATE, as that of a `PDOException` does. */
final class DatabaseException extends RuntimeException
{
    /** The SQLSTATE of a transaction that the database itself has ended. */
    public const TRANSACTION_ENDED = '40000';

    /**
     * @param string $sqlState five characters; empty if the driver gives none
     * @param int $driverCode the database's own error number; 0 if there is none
     */
    public function __construct(
        string $message,
        public readonly string $sqlState,
        public readonly int $driverCode,
        ?Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
        $this->code = $sqlState;
    }
}
