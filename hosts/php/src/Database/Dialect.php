<?php

declare(strict_types=1);

namespace Hookwright\Database;

/** The databases whose SQL the package speaks. */
enum Dialect: string
{
    case Sqlite = 'sqlite';
    /** MySQL from 8.0 on, and MariaDB from 10.2.4 on. */
    case Mysql = 'mysql';
    case Postgres = 'pgsql';

    /** Whether this error says that the server or the way to it is gone. */
    public function isLost(DatabaseException $error): bool
    {
        return match ($this) {
            self::Sqlite => false,
            self::Mysql => in_array($error->driverCode, [2002, 2006, 2013, 1053, 4031], true),
            // Whatever the server answers has a state of its own; the driver's is a general one.
            self::Postgres => in_array($error->sqlState, ['', 'HY000', '57P01', '57P02', '57P03', '40003'], true)
                || str_starts_with($error->sqlState, '08'),
        };
    }
}
