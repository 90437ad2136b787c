<?php

declare(strict_types=1);

namespace Hookwright\Database;

/** The dialects of SQL that the package knows. */
enum Dialect: string
{
    case Sqlite = 'sqlite';
    /** MySQL 8.0 or newer, and MariaDB 10.2.4 or newer. */
    case Mysql = 'mysql';
    case Postgres = 'pgsql';

    /** Returns true if the error means that the connection is lost. */
    public function isLost(DatabaseException $error): bool
    {
        return match ($this) {
            self::Sqlite => false,
            self::Mysql => in_array($error->driverCode, [2002, 2006, 2013, 1053, 4031], true),
            // Errors of the server have specific states. The general ones come from the driver.
            self::Postgres => in_array($error->sqlState, ['', 'HY000', '57P01', '57P02', '57P03', '40003'], true)
                || str_starts_with($error->sqlState, '08'),
        };
    }
}
