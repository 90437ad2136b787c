<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Internal\FakeNetwork;
use Hookwright\Internal\Host;
use Hookwright\Internal\Json;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Value\Accepted;
use PHPUnit\Framework\Assert;

/**
 * A Hookwright for a platform's own tests, made by `Hookwright::fake()`: rows are in memory and nothing leaves the machine; everything
 * else is the real thing, so that what the tests see is what would be sent. The assertions are PHPUnit's.
 */
final class Fake extends Hookwright
{
    /**
     * Events that were accepted, in order: also those of a transaction that was rolled back, for the rows are in no database.
     *
     * @var list<array{tenant: string, event: array<string, mixed>, messageId: string}>
     */
    public array $accepted = [];
    private FakeNetwork $network;

    /** @internal */
    public static function make(string $profile): self
    {
        $network = new FakeNetwork();
        $storage = new MemoryStorage();
        $config = [
            'profile' => $profile,
            'sealingKeys' => [['id' => 'fake', 'key' => str_repeat('00', 32)]],
        ];
        $fake = new self($storage, $config, '{"keep":true}', new Host($storage, null, $network));
        $fake->network = $network;
        return $fake;
    }

    public function onEvent(Event|array|string $event, ?string $tenant = null): Accepted
    {
        $accepted = parent::onEvent($event, $tenant);
        $this->note($event, $tenant, $accepted);
        return $accepted;
    }

    public function onEvents(array $events, ?string $tenant = null): array
    {
        $all = parent::onEvents($events, $tenant);
        foreach (array_values($events) as $index => $event) {
            $this->note($event, $tenant, $all[$index]);
        }
        return $all;
    }

    /**
     * Requests that would have been sent, in order.
     *
     * @return list<array{method: string, url: string, headers: array<string, string>, body: ?string}> header names in lower case
     */
    public function sent(): array
    {
        return $this->network->sent;
    }

    /** What a receiver answers from now on: a status, or an error's kind (`timeout`, `connect`...). Without it everything is a 200. */
    public function answer(string $url, int|string $outcome): void
    {
        $this->network->answers[$url] = $outcome;
    }

    /**
     * An event of this type was accepted that has at least these members, at any depth.
     *
     * @param array<string, mixed> $members
     * @return array{tenant: string, event: array<string, mixed>, messageId: string} the first
     */
    public function assertAccepted(string $type, array $members = []): array
    {
        foreach ($this->accepted as $one) {
            if (($one['event']['type'] ?? null) === $type && self::has($one['event'], $members)) {
                Assert::assertSame($type, $one['event']['type']);
                return $one;
            }
        }
        Assert::fail(sprintf(
            'no event %s with %s was accepted; there are %s',
            $type,
            json_encode($members),
            json_encode(array_column($this->accepted, 'event')),
        ));
    }

    /** No event of this type was accepted, or none at all. */
    public function assertNotAccepted(?string $type = null): void
    {
        $found = array_filter($this->accepted, static fn (array $one): bool =>
            $type === null || $one['event']['type'] === $type);
        Assert::assertSame([], array_column($found, 'event'), 'events were accepted that should not have been');
    }

    /**
     * Delivers what is due, and asserts that a request to this URL would have been sent.
     *
     * @return array{method: string, url: string, headers: array<string, string>, body: ?string} the first
     */
    public function assertDelivered(string $url): array
    {
        $this->deliver();
        foreach ($this->network->sent as $request) {
            if ($request['url'] === $url) {
                Assert::assertSame($url, $request['url']);
                return $request;
            }
        }
        $urls = implode(', ', array_column($this->network->sent, 'url'));
        Assert::fail("nothing was sent to $url; there are requests to " . ($urls === '' ? 'nobody' : $urls));
    }

    /** @param Event|array<string, mixed>|string $event */
    private function note(Event|array|string $event, ?string $tenant, Accepted $accepted): void
    {
        if ($accepted->isNew) {
            $fields = Json::object(Json::given('event', $event));
            $whose = $tenant ?? $fields['tenant'] ?? 'default';
            $this->accepted[] = ['tenant' => $whose, 'event' => $fields, 'messageId' => $accepted->messageId];
        }
    }

    /** @param array<array-key, mixed> $pattern */
    private static function has(mixed $value, array $pattern): bool
    {
        foreach ($pattern as $name => $member) {
            $found = is_array($value) ? $value[$name] ?? null : null;
            if (is_array($member) ? !self::has($found, $member) : $found !== $member) {
                return false;
            }
        }
        return true;
    }
}
