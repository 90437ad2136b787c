<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\Connections;
use Hookwright\Database\DatabaseException;
use Hookwright\Database\LazyConnection;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Sql\IntakeTable;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Json;
use mysqli;
use PDO;

/**
 * Reports events without the component, for servers that cannot load the native library. Each event is a row of one table, in the
 * transaction that is open.
 *
 * A worker on another server (`hookwright worker FILE --intake`, or `deliver`) accepts the events. It marks a row that is no valid event
 * with the reason.
 */
final class Intake
{
    private readonly Connection $connection;

    /** @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection the platform's own */
    public function __construct(PDO|mysqli|Connection|Closure $connection)
    {
        $this->connection = Connections::wrap($connection);
    }

    /**
     * Creates the table, outside any transaction. It needs no FFI, as `hookwright schema FILE --intake` does not either.
     *
     * @throws StorageException if the database refused
     */
    public function createSchema(): void
    {
        SqlStorage::on($this->connection)->createTables(IntakeTable::schema($this->connection->dialect()));
    }

    /**
     * Writes an event into the table. The worker that accepts it checks its content.
     *
     * @param Event|array<string, mixed>|string $event a string is JSON text and stays as it is
     * @param ?string $tenant the tenant that the platform has established; without it, the event's `tenant` counts
     * @throws InvalidException|TooLargeException if it cannot become an event
     * @throws DatabaseException if the statement failed
     */
    public function onEvent(Event|array|string $event, ?string $tenant = null): void
    {
        if ($this->connection instanceof LazyConnection) {
            $this->connection->refresh();
        }
        $tenant = $tenant === null ? null : Json::utf8('tenant', $tenant);
        IntakeTable::insert($this->connection, $tenant, Json::ofEvent('event', $event));
    }
}
