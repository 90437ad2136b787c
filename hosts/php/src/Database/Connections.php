<?php

declare(strict_types=1);

namespace Hookwright\Database;

use Closure;
use mysqli;
use PDO;

/** Wraps the connections that platforms have. */
final class Connections
{
    /**
     * Wraps a connection. A `Connection` stays as it is.
     *
     * @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection
     */
    public static function wrap(PDO|mysqli|Connection|Closure $connection): Connection
    {
        return match (true) {
            $connection instanceof PDO => new PdoConnection($connection),
            $connection instanceof mysqli => new MysqliConnection($connection),
            $connection instanceof Closure => new LazyConnection($connection),
            default => $connection,
        };
    }
}
