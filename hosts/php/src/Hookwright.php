<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Calls\JobCalls;
use Hookwright\Calls\MessageCalls;
use Hookwright\Calls\WebhookCalls;
use Hookwright\Component\Arguments;
use Hookwright\Component\Imports;
use Hookwright\Component\Instances;
use Hookwright\Database\Connection;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Native\Library;
use Hookwright\Sql\LazyStorage;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Json;
use Hookwright\Support\Limits;
use Hookwright\Value\Accepted;
use Hookwright\Value\ApiResponse;
use Hookwright\Value\Caller;
use Hookwright\Value\DeliveryReport;
use mysqli;
use PDO;

/**
 * The webhooks of a platform: one store, one configuration, and the calls of the contract (`wit/webhooks.wit`).
 *
 * Calls return the values of `Hookwright\Value` and throw the exceptions of `Hookwright\Exception`. A call within a transaction of the
 * platform, on the store's connection, takes part in that transaction.
 */
class Hookwright
{
    use WebhookCalls;
    use MessageCalls;
    use JobCalls;

    private bool $isConnectionChecked = false;

    final protected function __construct(private readonly Storage $storage, private readonly Instances $instances)
    {
    }

    /**
     * Opens a `Hookwright`. The library is loaded, and a closure is called, with the first call. An invalid configuration fails then.
     *
     * @param Storage|PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $storage the connection of the platform's own transactions; a
     *     closure if the connection may be replaced, as in long-lived workers
     */
    public static function open(Storage|PDO|mysqli|Connection|Closure $storage, Config $config): static
    {
        $storage = match (true) {
            $storage instanceof Storage => $storage,
            $storage instanceof Closure => new LazyStorage($storage),
            default => SqlStorage::on($storage),
        };
        $imports = new Imports($storage, $config->log());
        return new static($storage, new Instances($config->forComponent(), $config->forEngine(), $imports));
    }

    /**
     * Returns true if the native library can be loaded: it exists for this machine, and php.ini allows FFI to this package. Otherwise the
     * first call throws the reason. `Intake` needs neither.
     */
    public static function isAvailable(): bool
    {
        try {
            Library::load();
            return true;
        } catch (HookwrightException) {
            return false;
        }
    }

    /** Returns the store, for `createSchema()`. */
    public function storage(): Storage
    {
        return $this->storage;
    }

    /**
     * Accepts an event. It is durable when this returns or, within a transaction of the platform, when that commits.
     *
     * @param Event|array<string, mixed>|string $event a string is JSON text and stays as it is
     * @param ?string $tenant the tenant that the platform has established; without it, the event's `tenant` counts
     */
    public function onEvent(Event|array|string $event, ?string $tenant = null): Accepted
    {
        $arguments = ['tenant' => $tenant, 'event' => Json::ofEvent('event', $event)];
        $json = $this->instances->call('webhooks.on-event', $arguments);
        $this->warnOfOwnConnection();
        return Accepted::fromJson($json);
    }

    /**
     * Accepts up to 100 events in one commit: all of them or none.
     *
     * @param list<Event|array<string, mixed>|string> $events
     * @return list<Accepted> in the order of the events
     */
    public function onEvents(array $events, ?string $tenant = null): array
    {
        $texts = [];
        foreach (array_values($events) as $index => $event) {
            $texts[] = Json::ofEvent("events[$index]", $event);
        }
        $json = $this->instances->call('webhooks.on-events', ['tenant' => $tenant, 'events' => $texts]);
        $this->warnOfOwnConnection();
        return array_map(Accepted::fromFields(...), Json::decode($json));
    }

    /**
     * Makes the attempts that are due. Returns when none is due or the budget is spent, never with a request in flight. Any number of
     * processes may deliver at the same time. Refused within a transaction, because a rollback could not undo a request.
     *
     * @param int $timeMs starts no attempt after this time, in milliseconds, and waits for those in flight
     * @param int $attemptsMax starts at most this number of attempts
     */
    public function deliver(int $timeMs = 10_000, int $attemptsMax = Limits::U32_MAX): DeliveryReport
    {
        $budget = ['timeMs' => $timeMs, 'attemptsMax' => $attemptsMax];
        Arguments::check($budget);
        $this->refuseWithinTransaction('deliver');
        return DeliveryReport::fromJson($this->instances->deliver($budget));
    }

    /**
     * Signals the running `deliver` to drain: it starts nothing new, settles the requests in flight and returns. Every later `deliver` of
     * this object does nothing. A handler of the system's signals may call it.
     */
    public function signalDrain(): void
    {
        $this->instances->signalDrain();
    }

    /** Voids every lease. Only for a store on which no other process works. Returns the number of released lanes. */
    public function reclaimLeases(): int
    {
        return (int) $this->instances->call('webhooks.reclaim-leases', []);
    }

    /**
     * Returns the response to a request to the management API (docs/api.md). The platform has authenticated the caller. A failure of the
     * host (status 500 or more) is logged. The response contains no message of the database.
     *
     * @param string $path the path below the mount of the API, beginning with `/`, percent-encoded as received
     * @param string $query without `?`
     */
    public function handle(string $method, string $path, string $query, string $body, Caller $caller): ApiResponse
    {
        try {
            $response = ApiResponse::fromJson($this->instances->call('console.handle', [
                'request' => ['method' => $method, 'path' => $path, 'query' => $query, 'body' => $body],
                'caller' => ['tenant' => $caller->tenant, 'user' => $caller->user,
                    'permissions' => array_values($caller->permissions)],
            ]));
        } catch (UnavailableException | InternalException $error) {
            $this->log('error', "$method $path failed: {$error->getMessage()}");
            throw $error;
        }
        if ($response->status < 500) {
            return $response;
        }
        $this->log('error', "$method $path failed with status $response->status: {$response->problem()}");
        return $response->withoutInternals();
    }

    /**
     * Writes a line of this package to the configured logger; without one, to PHP's error log.
     *
     * @internal
     */
    public function log(string $level, string $message): void
    {
        // One line, without control characters: the message may quote a path that a caller chose.
        $this->instances->report($level, (string) preg_replace('/[\x00-\x1f\x7f]+/', ' ', $message));
    }

    protected function call(string $function, array $arguments): string
    {
        return $this->instances->callForText("webhooks.$function", $arguments);
    }

    protected function callForNothing(string $function, array $arguments): void
    {
        $this->instances->call("webhooks.$function", $arguments);
    }

    /**
     * Writes a line of this package to the logger, if one is configured.
     *
     * @internal
     */
    public function logIfConfigured(string $level, string $message): void
    {
        if ($this->instances->hasLogger()) {
            $this->log($level, $message);
        }
    }

    /** Warns, once, of a closure that opens a connection: the events on it are in no transaction of the platform. */
    private function warnOfOwnConnection(): void
    {
        if (!$this->isConnectionChecked && $this->storage instanceof LazyStorage) {
            $this->isConnectionChecked = true;
            if ($this->storage->hasOwnConnection()) {
                $this->log('warning', 'the closure for the connection opens one that only Hookwright uses, so events are not part of '
                    . 'your transactions; return the connection of the platform instead: `static fn () => $pdo`');
            }
        }
    }

    protected function refuseWithinTransaction(string $method): void
    {
        try {
            $isOpen = $this->storage->inTransaction();
        } catch (StorageException $error) {
            throw $error->toHookwrightException();
        }
        if ($isOpen) {
            throw new ConflictException(
                null,
                "`$method` within an open transaction",
                'call it after the commit: a rollback cannot undo a request, and its outcome would wait for the commit',
            );
        }
    }
}
