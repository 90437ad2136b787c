<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Database\DatabaseException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Internal\IntakeTable;
use Hookwright\Internal\Json;
use Hookwright\Storage\SqlStorage;
use mysqli;
use PDO;

/**
 * Reports events without the component, where no native library can be loaded: a row in one table, in whatever transaction is open.
 * A worker elsewhere (`hookwright worker FILE --intake`, or `deliver`) makes events of them; what it refuses it marks with the reason.
 */
final class Intake
{
    private readonly Connection $connection;

    /** @param PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $connection the platform's own */
    public function __construct(PDO|mysqli|Connection|Closure $connection)
    {
        $this->connection = SqlStorage::wrapped($connection);
    }

    /**
     * Whether the event is one is found out when it is drained: here it is only written down.
     *
     * @param Event|array<string, mixed>|string $event JSON text is taken as it is
     * @param ?string $tenant whom the call is established to be for; without it the event's own tenant counts
     * @throws InvalidException|TooLargeException if it cannot become an event
     * @throws DatabaseException if the statement failed
     */
    public function onEvent(Event|array|string $event, ?string $tenant = null): void
    {
        $tenant = $tenant === null ? null : Json::utf8('tenant', $tenant);
        IntakeTable::insert($this->connection, $tenant, Json::given('event', $event));
    }
}
