<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\InvalidException;
use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\Hooks;
use PHPUnit\Framework\TestCase;

/**
 * The egress kit (`tests/data/egress`), by registrations and test sends. The system resolves names here, and public addresses are not
 * contacted. The Rust host's tests cover both, with the same HTTP client.
 */
final class EgressTest extends TestCase
{
    private const TENANT = 'acme';
    /** A port on which no server listens, so that an allowed connection fails. */
    private const PORT = 1;
    private const PROHIBITED = 'destination-prohibited';
    private const ALL = ['0.0.0.0/0', '::/0'];

    /** @var array<string, array{MemoryStorage, Hookwright}> by the allowed networks */
    private array $opened = [];

    public function testProhibitedAddressIsNotContacted(): void
    {
        $refused = 0;
        foreach (self::kit()['addresses'] as $case) {
            ['address' => $address, 'permitted' => $permitted, 'why' => $why] = $case;
            $host = str_contains($address, ':') ? "[$address]" : $address;
            if ($permitted && !str_starts_with($address, '127.')) {
                continue;
            }
            $url = "http://$host:" . self::PORT . '/';
            $registered = $this->outcome($url, $case['allow'] ?? []);
            self::assertSame($permitted ? 'connect' : 'registration', $registered, "$address ($why)");
            $outcome = $this->outcome($url, $case['allow'] ?? [], self::ALL);
            self::assertSame($permitted ? 'connect' : self::PROHIBITED, $outcome, "$address ($why)");
            $refused += $permitted ? 0 : 1;
        }
        self::assertGreaterThan(120, $refused);
    }

    public function testProhibitedAddressIsNotContactedInAnySpelling(): void
    {
        $refused = 0;
        $names = array_keys(self::kit()['names']);
        foreach (self::kit()['urls'] as $case) {
            ['name' => $name, 'url' => $url, 'client' => $expected] = $case;
            $scripted = array_filter($names, static fn (string $host): bool => $host !== 'localhost' && str_contains($url, $host));
            if (array_diff($expected, [self::PROHIBITED, 'invalid-request']) !== [] || $scripted !== []) {
                continue;
            }
            $outcome = $this->outcome($url, $case['allow'] ?? []);
            // Some systems do not resolve all spellings of this name.
            $unknown = str_contains($url, 'localhost') ? ['dns'] : [];
            self::assertContains($outcome, [...$expected, ...$unknown, 'registration'], "$name: $url");
            self::assertSame($case['registration'] === 'refused', $outcome === 'registration', "$name: $url");
            // A webhook that was registered while its network was allowed.
            $outcome = $this->outcome($url, $case['allow'] ?? [], self::ALL);
            // A registration takes user and password out of the URL, so the client sees a plain one.
            $plain = str_contains($url, '@') ? [self::PROHIBITED] : [];
            self::assertContains($outcome, [...$expected, ...$unknown, ...$plain, 'registration'], "$name: $url");
            $refused += $outcome === self::PROHIBITED ? 1 : 0;
        }
        self::assertGreaterThan(60, $refused);
    }

    /** @return array<string, mixed> */
    private static function kit(): array
    {
        $text = (string) file_get_contents(__DIR__ . '/../../../tests/data/egress/cases.json');
        /** @var array<string, mixed> */
        return json_decode($text, true, 16, JSON_THROW_ON_ERROR);
    }

    /**
     * Returns the outcome of a test send, or `registration` if the registration is refused.
     *
     * @param list<string> $allow
     * @param ?list<string> $allowedBefore the networks that are allowed at the registration; by default the same
     */
    private function outcome(string $url, array $allow, ?array $allowedBefore = null): string
    {
        [$storage, $hookwright] = $this->opened[implode(' ', $allow)] ??= self::open(new MemoryStorage(), $allow);
        $before = $allowedBefore === null
            ? $hookwright
            : ($this->opened['before ' . implode(' ', $allow)] ??= self::open($storage, $allowedBefore))[1];
        try {
            $webhook = $before->register(self::TENANT, ['url' => $url, 'events' => ['*']]);
        } catch (InvalidException $error) {
            self::assertSame('url', $error->field);
            return 'registration';
        }
        $attempt = $hookwright->testWebhook(self::TENANT, $webhook->id);
        $hookwright->unregister(self::TENANT, $webhook->id);
        return $attempt->error ?? "status $attempt->status";
    }

    /**
     * @param list<string> $allow
     * @return array{MemoryStorage, Hookwright}
     */
    private static function open(MemoryStorage $storage, array $allow): array
    {
        return [$storage, Hookwright::open($storage, Hooks::config()->withAllowedDestinations($allow))];
    }
}
