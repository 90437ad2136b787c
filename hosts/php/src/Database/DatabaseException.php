<?php

declare(strict_types=1);

namespace Hookwright\Database;

use RuntimeException;
use Throwable;

/** The database refused a statement, or cannot be reached. */
final class DatabaseException extends RuntimeException
{
    /** The SQLSTATE if the database has ended a transaction, which whoever began it need not know. */
    public const TRANSACTION_ENDED = '40000';

    /**
     * @param string $sqlState five characters; empty where the driver knows none
     * @param int $driverCode the database's own number; 0 where there is none
     */
    public function __construct(
        string $message,
        public readonly string $sqlState,
        public readonly int $driverCode,
        ?Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }
}
