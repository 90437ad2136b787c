<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Database\Connection;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TrapException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Internal\Config;
use Hookwright\Internal\Ffi\Library;
use Hookwright\Internal\Host;
use Hookwright\Internal\Instance;
use Hookwright\Internal\Json;
use Hookwright\Internal\Limits;
use Hookwright\Storage\LazyStorage;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Value\Accepted;
use Hookwright\Value\Attempt;
use Hookwright\Value\DeliveryReport;
use Hookwright\Value\EventTypes;
use Hookwright\Value\Explanation;
use Hookwright\Value\Job;
use Hookwright\Value\Message;
use Hookwright\Value\Page;
use Hookwright\Value\Redelivery;
use Hookwright\Value\Settings;
use Hookwright\Value\Webhook;
use JsonSerializable;
use mysqli;
use PDO;
use Psr\Log\LoggerInterface;
use SensitiveParameter;

/**
 * Webhooks of a platform: one store, one configuration, and the calls of the contract (`wit/webhooks.wit`), each with typed values
 * and the exceptions of `Hookwright\Exception`.
 *
 * Whatever is called within a transaction of the platform's, on the connection of the store, takes part in it.
 */
class Hookwright
{
    private const PAGE = 50;
    private const U32_MAX = 4_294_967_295;

    /** @var list<Instance> that nobody calls at present */
    private array $idle = [];
    private ?Instance $delivering = null;
    private bool $draining = false;

    /** @param array<string, mixed> $config */
    final protected function __construct(
        private readonly Storage $storage,
        private readonly array $config,
        private readonly string $engine,
        private readonly Host $host,
    ) {
    }

    /**
     * Reads the options. Nothing is loaded, and a closure is not asked for its connection, before the first call; a mistake in them
     * is an exception of that call.
     *
     * @param Storage|PDO|mysqli|Connection|Closure(bool): (PDO|mysqli) $storage the connection on which the platform's own transactions
     *     run; a closure where the connection may be replaced (long-lived workers)
     * @param string|list<string> $sealingKey seals the secrets in the store: `id:hex`, 64 hexadecimal digits. Of several, the first
     *     seals and all of them unseal
     * @param list<JsonSerializable|array<string, mixed>|string> $profiles of the platform's own
     * @param list<string> $allowDestinations networks in CIDR form that webhooks may reach although they are private
     * @param bool $plainHttp whether URLs may be `http`
     * @param ?string $proxy `http://user:password@host:port`
     * @param ?string $caPem certificates in PEM that are trusted beside the usual ones
     * @param ?string $cache a folder, mode 700, in which machine code is kept: without it each process compiles the component anew
     * @param ?string $compiled a file that `hookwright compile` made; then nothing is compiled at all
     * @param ?int $webhooksPerTenantMax 1 to 1,000,000; 1,000
     * @param ?int $disableAfterS how long a webhook may fail without a success; 0: for ever; 432,000 (5 days)
     * @param ?int $disableAfterDeliveries failed deliveries in a row after which a webhook is disabled; 0: never
     * @param ?int $retentionS how long messages are kept once their deliveries have ended; 0: for ever; 2,592,000 (30 days)
     */
    public static function open(
        Storage|PDO|mysqli|Connection|Closure $storage,
        #[SensitiveParameter] string|array $sealingKey,
        string $profile = 'standard',
        array $profiles = [],
        array $allowDestinations = [],
        bool $plainHttp = true,
        #[SensitiveParameter] ?string $proxy = null,
        ?string $caPem = null,
        ?string $cache = null,
        ?string $compiled = null,
        ?int $webhooksPerTenantMax = null,
        ?int $disableAfterS = null,
        ?int $disableAfterDeliveries = null,
        ?int $retentionS = null,
        ?LoggerInterface $logger = null,
    ): static {
        $texts = [];
        foreach (array_values($profiles) as $index => $one) {
            $texts[] = Json::given("profiles[$index]", $one);
        }
        $config = Config::given([
            'profile' => Json::utf8('profile', $profile),
            'profiles' => $texts,
            'sealingKeys' => Config::sealingKeys($sealingKey),
            'allowDestinations' => self::listed('allowDestinations', $allowDestinations),
            'plainHttp' => $plainHttp ? 'allowed' : 'refused',
            'webhooksPerTenantMax' => $webhooksPerTenantMax,
            'disableAfterS' => $disableAfterS,
            'disableAfterDeliveries' => $disableAfterDeliveries,
            'retentionS' => $retentionS,
        ]);
        // Kept by the library from one request of a php-fpm worker to the next, which PHP's own variables are not.
        $engine = Config::given([
            'keep' => true,
            'proxy' => self::optional('proxy', $proxy),
            'caPem' => self::optional('caPem', $caPem),
            'cache' => self::optional('cache', $cache),
            'compiled' => self::optional('compiled', $compiled),
        ]);
        $store = match (true) {
            $storage instanceof Storage => $storage,
            $storage instanceof Closure => new LazyStorage($storage),
            default => SqlStorage::on($storage),
        };
        $log = $logger === null ? null : Host::logTo($logger);
        return new static($store, $config, Json::text($engine), new Host($store, $log));
    }

    /**
     * Whether the native library can be loaded here: there is one for this machine, and php.ini lets this package have FFI. If not, the
     * first call says why, and `Intake` needs neither.
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

    /** A Hookwright for a platform's own tests: rows in memory, no network. */
    public static function fake(string $profile = 'standard'): Fake
    {
        return Fake::make($profile);
    }

    /** The store, for `createSchema()`. */
    public function storage(): Storage
    {
        return $this->storage;
    }

    /**
     * Accepts one event: durable when this returns, or, within a transaction of the platform's, when that commits.
     *
     * @param Event|array<string, mixed>|string $event JSON text is taken as it is
     * @param ?string $tenant whom the call is established to be for; without it the event's own tenant counts
     */
    public function onEvent(Event|array|string $event, ?string $tenant = null): Accepted
    {
        return Accepted::ofJson($this->call('on-event', [
            'tenant' => self::optional('tenant', $tenant),
            'event' => Json::given('event', $event),
        ]));
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
            $texts[] = Json::given("events[$index]", $event);
        }
        $arguments = ['tenant' => self::optional('tenant', $tenant), 'events' => $texts];
        /** @var list<array<string, mixed>> $all */
        $all = Json::object($this->call('on-events', $arguments));
        return array_map(Accepted::of(...), $all);
    }

    /**
     * Registers a webhook. The answer has its secret in clear, this once: `secret()`.
     *
     * @param JsonSerializable|array<string, mixed>|string $registration `name`, `url`, `events`... (docs/api.md)
     */
    public function register(string $tenant, JsonSerializable|array|string $registration): Webhook
    {
        $text = Json::given('registration', $registration);
        return Webhook::ofJson($this->json('register', ['tenant' => $tenant, 'registration' => $text]));
    }

    /** @param JsonSerializable|array<string, mixed>|string $changes the fields of a registration that change */
    public function update(string $tenant, string $webhookId, JsonSerializable|array|string $changes): Webhook
    {
        $text = Json::given('changes', $changes);
        return Webhook::ofJson($this->json('update', ['tenant' => $tenant, 'webhookId' => $webhookId, 'changes' => $text]));
    }

    public function get(string $tenant, string $webhookId): Webhook
    {
        return Webhook::ofJson($this->json('get', ['tenant' => $tenant, 'webhookId' => $webhookId]));
    }

    /**
     * @param int $limit 1 to 100
     * @return Page<Webhook>
     */
    public function list(string $tenant, ?string $cursor = null, int $limit = self::PAGE): Page
    {
        $arguments = ['tenant' => $tenant, 'cursor' => $cursor, 'limit' => $this->u32('limit', $limit)];
        return Page::ofJson(Webhook::class, $this->json('list', $arguments));
    }

    /** Removes the webhook. Its waiting deliveries end as `cancelled`; a job removes what is left of it. */
    public function unregister(string $tenant, string $webhookId): void
    {
        $this->call('unregister', $this->texts(['tenant' => $tenant, 'webhookId' => $webhookId]));
    }

    /**
     * Sets a new secret, made at random unless one is given. The answer has it in clear, this once.
     *
     * @param ?int $overlapS how long the old one goes on signing: 0 to 604,800; 86,400
     */
    public function rotateSecret(
        string $tenant,
        string $webhookId,
        #[SensitiveParameter] ?string $secret = null,
        ?int $overlapS = null,
    ): Webhook {
        return Webhook::ofJson($this->json('rotate-secret', [
            'tenant' => $tenant,
            'webhookId' => $webhookId,
            'secret' => $secret,
            'overlapS' => $overlapS === null ? null : $this->u32('overlapS', $overlapS),
        ]));
    }

    /** Sends the profile's test event now, and waits for the outcome. A receiver's failure is no exception. */
    public function testWebhook(string $tenant, string $webhookId): Attempt
    {
        $this->refuseWithinTransaction('testWebhook');
        return Attempt::ofJson($this->json('test-webhook', ['tenant' => $tenant, 'webhookId' => $webhookId]));
    }

    /**
     * @param int $limit 1 to 100
     * @return Page<Attempt> newest first
     */
    public function attempts(string $tenant, string $webhookId, ?string $cursor = null, int $limit = self::PAGE): Page
    {
        $arguments = ['tenant' => $tenant, 'webhookId' => $webhookId, 'cursor' => $cursor];
        return Page::ofJson(Attempt::class, $this->json('attempts', $arguments + ['limit' => $this->u32('limit', $limit)]));
    }

    public function message(string $tenant, string $messageId): Message
    {
        return Message::ofJson($this->json('message', ['tenant' => $tenant, 'messageId' => $messageId]));
    }

    /**
     * @param int $limit 1 to 100
     * @return Page<Attempt> of any webhook, newest first
     */
    public function messageAttempts(
        string $tenant,
        string $messageId,
        ?string $cursor = null,
        int $limit = self::PAGE,
    ): Page {
        $arguments = ['tenant' => $tenant, 'messageId' => $messageId, 'cursor' => $cursor];
        $arguments += ['limit' => $this->u32('limit', $limit)];
        return Page::ofJson(Attempt::class, $this->json('message-attempts', $arguments));
    }

    /** The JSON text that the webhook's requests for the message carry, byte for byte. */
    public function payload(string $tenant, string $messageId, string $webhookId): string
    {
        return $this->json('payload', ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId]);
    }

    /** Why the delivery of a message to a webhook is where it is. */
    public function explain(string $tenant, string $messageId, string $webhookId): Explanation
    {
        $ids = ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId];
        return Explanation::ofJson($this->json('explain', $ids));
    }

    /** Sends a message again, to one webhook or to all that subscribe to it now. */
    public function redeliver(string $tenant, string $messageId, ?string $webhookId = null): Redelivery
    {
        $ids = ['tenant' => $tenant, 'messageId' => $messageId, 'webhookId' => $webhookId];
        return Redelivery::ofJson($this->json('redeliver', $ids));
    }

    /**
     * Sends again, in a job, every delivery of the webhook that failed in that time and still is.
     *
     * @param array{since: string, until?: string}|string $range in RFC 3339
     */
    public function recover(string $tenant, string $webhookId, array|string $range): Job
    {
        $text = Json::given('range', $range);
        return Job::ofJson($this->json('recover', ['tenant' => $tenant, 'webhookId' => $webhookId, 'range' => $text]));
    }

    /**
     * Sends, in a job, every message accepted in that time that the webhook has missed.
     *
     * @param array{since: string, until?: string}|string $range in RFC 3339
     */
    public function replay(string $tenant, string $webhookId, array|string $range): Job
    {
        $text = Json::given('range', $range);
        return Job::ofJson($this->json('replay', ['tenant' => $tenant, 'webhookId' => $webhookId, 'range' => $text]));
    }

    /**
     * Has everything removed, in a job, that is kept of the events about one subject.
     *
     * @param array{subject: array{type: string, id: string|int}}|string $request
     */
    public function erase(string $tenant, array|string $request): Job
    {
        return Job::ofJson($this->json('erase', ['tenant' => $tenant, 'request' => Json::given('request', $request)]));
    }

    public function job(string $tenant, string $jobId): Job
    {
        return Job::ofJson($this->json('job', ['tenant' => $tenant, 'jobId' => $jobId]));
    }

    /**
     * @param int $limit 1 to 100
     * @return Page<Job> newest first
     */
    public function jobs(string $tenant, ?string $cursor = null, int $limit = self::PAGE): Page
    {
        $arguments = ['tenant' => $tenant, 'cursor' => $cursor, 'limit' => $this->u32('limit', $limit)];
        return Page::ofJson(Job::class, $this->json('jobs', $arguments));
    }

    public function cancelJob(string $tenant, string $jobId): Job
    {
        return Job::ofJson($this->json('cancel-job', ['tenant' => $tenant, 'jobId' => $jobId]));
    }

    public function settings(string $tenant): Settings
    {
        return Settings::ofJson($this->json('settings', ['tenant' => $tenant]));
    }

    /** @param array{keepBodies?: bool}|string $changes */
    public function updateSettings(string $tenant, array|string $changes): Settings
    {
        $text = Json::given('changes', $changes === [] ? '{}' : $changes);
        return Settings::ofJson($this->json('update-settings', ['tenant' => $tenant, 'changes' => $text]));
    }

    public function eventTypes(): EventTypes
    {
        return EventTypes::ofJson($this->json('event-types', []));
    }

    /**
     * The pump: makes what is due, and returns when nothing is or the budget is spent, never with a request in flight. Any number of
     * processes may. Refused within a transaction: what it sends could not be taken back with that.
     *
     * @param int $timeMs starts nothing new after so many milliseconds; what is in flight then is waited for
     * @param int $attemptsMax starts at most so many attempts
     */
    public function deliver(int $timeMs = 10_000, int $attemptsMax = self::U32_MAX): DeliveryReport
    {
        $budget = ['timeMs' => $this->u32('timeMs', $timeMs), 'attemptsMax' => $this->u32('attemptsMax', $attemptsMax)];
        $this->refuseWithinTransaction('deliver');
        return DeliveryReport::ofJson($this->onInstance(function (Instance $instance) use ($budget): string {
            $this->delivering = $instance;
            try {
                if ($this->draining) {
                    $instance->drain();
                }
                return $instance->call('webhooks.deliver', ['budget' => $budget]);
            } finally {
                $this->delivering = null;
            }
        }));
    }

    /**
     * Has a `deliver` that is under way start nothing new, settle what is in flight and return, and every later one of this object
     * do nothing. To be called by a signal's handler.
     */
    public function drain(): void
    {
        $this->draining = true;
        $this->delivering?->drain();
    }

    /** Voids every lease: only where no other process is at work on the store. Answers how many lanes were freed. */
    public function reclaimLeases(): int
    {
        return (int) $this->call('reclaim-leases', []);
    }

    /**
     * Answers one request to the management API (docs/api.md). Who calls has been authenticated by the platform.
     *
     * @param string $path below the place where the API is mounted, beginning with `/`, percent-encoded as it came
     * @param list<string> $permissions `manage:webhook` is needed for everything but reading
     * @return array{status: int, headers: list<array{name: string, value: string}>, body: string}
     */
    public function handle(
        string $method,
        string $path,
        string $query,
        string $body,
        string $tenant,
        ?string $user = null,
        array $permissions = [],
    ): array {
        $request = $this->texts(['method' => $method, 'path' => $path, 'query' => $query, 'body' => $body]);
        $caller = $this->texts(['tenant' => $tenant, 'user' => $user]);
        $caller += ['permissions' => self::listed('permissions', $permissions)];
        /** @var array{status: int, headers: list<array{name: string, value: string}>, body: string} */
        return Json::object($this->onInstance(static fn (Instance $instance): string =>
            $instance->call('console.handle', ['request' => $request, 'caller' => $caller])));
    }

    /** @param array<string, mixed> $arguments */
    private function call(string $function, array $arguments): string
    {
        return $this->onInstance(static fn (Instance $instance): string => $instance->call("webhooks.$function", $arguments));
    }

    /**
     * A call whose arguments are texts and numbers, and that answers JSON as a text.
     *
     * @param array<string, mixed> $arguments
     */
    private function json(string $function, array $arguments): string
    {
        /** @var string */
        return json_decode($this->call($function, $this->texts($arguments)), false, 1, JSON_THROW_ON_ERROR);
    }

    /**
     * @param callable(Instance): string $run
     */
    private function onInstance(callable $run): string
    {
        $instance = array_pop($this->idle);
        if ($instance === null || !$instance->isOurs()) {
            $this->idle = [];
            $instance = new Instance(Library::load(), $this->engine, $this->config, $this->host);
        }
        $answer = null;
        try {
            $answer = $run($instance);
            return $answer;
        } catch (TrapException $trap) {
            $instance = null;
            throw $trap;
        } finally {
            if ($instance !== null) {
                $this->idle[] = $instance;
            }
        }
    }

    private function refuseWithinTransaction(string $what): void
    {
        try {
            $isOpen = $this->storage->inTransaction();
        } catch (StorageException $error) {
            throw $error->asCalls();
        }
        if ($isOpen) {
            throw new ConflictException(
                null,
                "`$what` within an open transaction",
                'call it after the commit: what it sends cannot be taken back, and what it records would wait for you',
            );
        }
    }

    private function u32(string $field, int $value): int
    {
        return $value >= 0 && $value <= self::U32_MAX
            ? $value
            : throw new InvalidException($field, "is `$value`", 'give a whole number from 0 to ' . self::U32_MAX);
    }

    private static function optional(string $field, #[SensitiveParameter] ?string $text): ?string
    {
        return $text === null ? null : Json::utf8($field, $text);
    }

    /**
     * @param array<string> $texts
     * @return list<string>
     */
    private static function listed(string $field, array $texts): array
    {
        foreach (array_values($texts) as $index => $text) {
            Json::utf8("{$field}[$index]", $text);
        }
        return array_values($texts);
    }

    /**
     * @param array<string, mixed> $arguments
     * @return array<string, mixed>
     */
    private function texts(array $arguments): array
    {
        foreach ($arguments as $field => $value) {
            if (is_string($value)) {
                Json::utf8($field, $value);
            }
        }
        return $arguments;
    }
}
