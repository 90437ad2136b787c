<?php

declare(strict_types=1);

namespace Hookwright;

use Hookwright\Component\FakeNetwork;
use Hookwright\Component\Imports;
use Hookwright\Component\Instances;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Support\Json;
use Hookwright\Value\Accepted;
use PHPUnit\Framework\Assert;

/**
 * A `Hookwright` for a platform's tests: the real component with a store in memory and no network. The assertions are PHPUnit's.
 *
 * It is on no connection of the platform, so it keeps the events of a transaction that was rolled back.
 */
final class Fake extends Hookwright
{
    /**
     * The accepted events, in order.
     *
     * @var list<array{tenant: string, event: array<string, mixed>, messageId: string}>
     */
    public array $accepted = [];
    private FakeNetwork $network;

    /** Creates a fake. */
    public static function create(string $profile = 'standard'): self
    {
        $network = new FakeNetwork();
        $storage = new MemoryStorage();
        $config = Config::sealedWith('fake:' . str_repeat('00', 32))->withProfile($profile);
        $imports = new Imports($storage, null, $network);
        $fake = new self($storage, new Instances($config->forComponent(), $config->forEngine(), $imports));
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
     * Returns the requests that would have been sent, in order.
     *
     * @return list<array{method: string, url: string, headers: array<string, string>, body: ?string}> header names in lower case
     */
    public function sent(): array
    {
        return $this->network->sent;
    }

    /** Sets the outcome of requests to a URL: a status or an error's kind (`timeout`, `connect`, ...). By default it is 200. */
    public function setOutcome(string $url, int|string $outcome): void
    {
        $this->network->outcomes[$url] = $outcome;
    }

    /**
     * Asserts that an event of a type was accepted that has at least these members, at any depth.
     *
     * @param array<string, mixed> $members
     * @return array{tenant: string, event: array<string, mixed>, messageId: string} the first such event
     */
    public function assertAccepted(string $type, array $members = []): array
    {
        foreach ($this->accepted as $accepted) {
            if (($accepted['event']['type'] ?? null) === $type && self::contains($accepted['event'], $members)) {
                Assert::assertSame($type, $accepted['event']['type']);
                return $accepted;
            }
        }
        Assert::fail(sprintf(
            'no event of type %s with %s was accepted; accepted events: %s',
            $type,
            json_encode($members),
            json_encode(array_column($this->accepted, 'event')),
        ));
    }

    /** Asserts that no event of a type was accepted; without a type, no event at all. */
    public function assertNotAccepted(?string $type = null): void
    {
        $found = array_filter($this->accepted, static fn (array $accepted): bool =>
            $type === null || $accepted['event']['type'] === $type);
        Assert::assertSame([], array_column($found, 'event'), 'events were accepted');
    }

    /**
     * Delivers what is due, and asserts that a request to a URL would have been sent.
     *
     * @return array{method: string, url: string, headers: array<string, string>, body: ?string} the first such request
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
        Assert::fail("no request was sent to $url; requests: " . ($urls === '' ? 'none' : $urls));
    }

    /** @param Event|array<string, mixed>|string $event */
    private function note(Event|array|string $event, ?string $tenant, Accepted $accepted): void
    {
        if ($accepted->isNew) {
            $members = Json::decode(Json::ofEvent('event', $event));
            $tenant ??= $members['tenant'] ?? 'default';
            $this->accepted[] = ['tenant' => $tenant, 'event' => $members, 'messageId' => $accepted->messageId];
        }
    }

    /** @param array<array-key, mixed> $members */
    private static function contains(mixed $value, array $members): bool
    {
        foreach ($members as $name => $member) {
            $found = is_array($value) ? $value[$name] ?? null : null;
            if (is_array($member) ? !self::contains($found, $member) : $found !== $member) {
                return false;
            }
        }
        return true;
    }
}
