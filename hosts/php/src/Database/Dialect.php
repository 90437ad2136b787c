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
}
