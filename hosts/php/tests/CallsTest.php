<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Closure;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\NotFoundException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Config;
use Hookwright\Hookwright;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Receiver;
use Hookwright\Value\Caller;
use PHPUnit\Framework\TestCase;

/** The calls of a `Hookwright`: their values and their exceptions. */
final class CallsTest extends TestCase
{
    private const SINCE = ['since' => '2020-01-01T00:00:00Z'];

    public function testCallsAboutWebhooksReturnTheirValues(): void
    {
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        $registered = $hookwright->register('acme', ['name' => 'Billing', 'url' => 'https://a.example/in', 'events' => ['invoice.*'],
            'schedule' => [], 'headers' => ['X-Key' => 'v']]);
        self::assertStringStartsWith('whsec_', (string) $registered->secret());
        self::assertStringNotContainsString((string) $registered->secret(), print_r($registered, true));
        $webhook = $hookwright->get('acme', $registered->id);
        self::assertNull($webhook->secret());
        self::assertSame(['Billing', ['invoice.*'], true, []], [$webhook->name, $webhook->events, $webhook->isActive, $webhook->schedule]);
        self::assertEqualsWithDelta(time(), $webhook->createdAt->getTimestamp(), 10);
        self::assertSame('Bills', $hookwright->update('acme', $webhook->id, ['name' => 'Bills'])->name);
        self::assertSame([$webhook->id], array_column([...$hookwright->list('acme')], 'id'));
        self::assertNotSame($registered->secret(), $hookwright->rotateSecret('acme', $webhook->id, null, 60)->secret());
        self::assertTrue($hookwright->settings('acme')->keepBodies);
        self::assertFalse($hookwright->updateSettings('acme', ['keepBodies' => false])->keepBodies);
        self::assertSame('standard', $hookwright->eventTypes()->profile);
        self::assertSame(0, $hookwright->reclaimLeases());
        $hookwright->unregister('acme', $webhook->id);
        $response = $hookwright->handle('GET', '/webhooks', '', '', new Caller('acme'));
        self::assertSame([200, []], [$response->status, json_decode($response->body, true)['data']]);
    }

    public function testCallsAboutMessagesReturnTheirValues(): void
    {
        $receiver = new Receiver();
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        $registration = ['url' => $receiver->url('/status/500'), 'events' => ['*'], 'schedule' => []];
        $webhook = $hookwright->register('acme', $registration);
        $accepted = $hookwright->onEvent(['type' => 'invoice.paid', 'data' => []], 'acme');
        self::assertSame('accepted', $hookwright->explain('acme', $accepted->messageId, $webhook->id)->state);
        $report = $hookwright->deliver();
        self::assertSame([1, 1, 0, []], [$report->routed, $report->attempts, $report->delivered, $report->problems]);
        $attempt = $hookwright->attempts('acme', $webhook->id)->data[0];
        self::assertSame(['exhausted', 500, 1, false], [$attempt->state, $attempt->status, $attempt->number, $attempt->isTest]);
        $message = $hookwright->message('acme', $accepted->messageId);
        self::assertSame(['invoice.paid', 1], [$message->type, count($message->attempts)]);
        self::assertCount(1, $hookwright->messageAttempts('acme', $accepted->messageId, null, 1));
        self::assertSame($receiver->requests()[0]['body'], $hookwright->payload('acme', $accepted->messageId, $webhook->id));
        self::assertSame([$webhook->id], $hookwright->redeliver('acme', $accepted->messageId, $webhook->id)->webhookIds);
        self::assertSame(1, $hookwright->deliver()->attempts);
        self::assertTrue($hookwright->testWebhook('acme', $webhook->id)->isTest);
    }

    public function testCallsAboutJobsReturnTheirValues(): void
    {
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        $webhook = $hookwright->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $job = $hookwright->recover('acme', $webhook->id, self::SINCE);
        self::assertSame(['recover', 'running', 0, 0], [$job->kind, $job->state, $job->scanned, $job->affected]);
        self::assertSame('cancelled', $hookwright->cancelJob('acme', $job->id)->state);
        self::assertSame('replay', $hookwright->replay('acme', $webhook->id, self::SINCE)->kind);
        self::assertSame('erase', $hookwright->erase('acme', ['subject' => ['type' => 'invoice', 'id' => 7]])->kind);
        self::assertCount(3, $hookwright->jobs('acme'));
        self::assertSame($job->id, $hookwright->job('acme', $job->id)->id);
    }

    /**
     * @dataProvider invalidCalls
     * @param class-string<HookwrightException> $class
     */
    public function testInvalidCallThrowsItsKindWithTheField(string $class, ?string $field, Closure $call): void
    {
        $error = Failures::of($class, static fn () => $call(Hooks::open(Databases::connect('sqlite'))));
        self::assertSame($class::KIND, $error->kind());
        self::assertSame($field ?? $error->field, $error->field, $error->getMessage());
    }

    /** @return array<string, array{class-string<HookwrightException>, ?string, Closure(Hookwright): mixed}> */
    public static function invalidCalls(): array
    {
        $webhook = ['url' => 'https://a.example/in'];
        $large = ['type' => 'a.b', 'data' => str_repeat('x', 300_000)];
        return [
            'a scheme' => [InvalidException::class, 'url', static fn (Hookwright $hookwright) =>
                $hookwright->register('acme', ['url' => 'ftp://x', 'events' => ['*']])],
            'a missing field' => [InvalidException::class, 'events', static fn (Hookwright $hookwright) =>
                $hookwright->register('acme', $webhook)],
            'a tenant that is not UTF-8' => [InvalidException::class, 'tenant', static fn (Hookwright $hookwright) =>
                $hookwright->get("\xff", 'x')],
            'a number that JSON lacks' => [InvalidException::class, 'event', static fn (Hookwright $hookwright) =>
                $hookwright->onEvent(['type' => 'a.b', 'data' => NAN], 'acme')],
            'the second event' => [InvalidException::class, 'events[1]', static fn (Hookwright $hookwright) =>
                $hookwright->onEvents([['type' => 'a'], ['type' => 'a', 'data' => NAN]], 'acme')],
            'a negative limit' => [InvalidException::class, 'limit', static fn (Hookwright $hookwright) =>
                $hookwright->list('acme', null, -1)],
            'a large limit' => [InvalidException::class, 'limit', static fn (Hookwright $hookwright) =>
                $hookwright->list('acme', null, 101)],
            'a negative time' => [InvalidException::class, 'timeMs', static fn (Hookwright $hookwright) => $hookwright->deliver(-1)],
            'a permission that is not UTF-8' => [InvalidException::class, 'permissions[1]', static fn (Hookwright $hookwright) =>
                $hookwright->handle('GET', '/webhooks', '', '', new Caller('acme', null, ['a', "\xff"]))],
            'an unknown id' => [NotFoundException::class, 'webhookId', static fn (Hookwright $hookwright) =>
                $hookwright->get('acme', 'wh_none')],
            'a large event' => [TooLargeException::class, null, static fn (Hookwright $hookwright) => $hookwright->onEvent($large)],
        ];
    }

    /** @dataProvider invalidConfigurations */
    public function testInvalidConfigurationThrowsTheField(string $field, Closure $configure): void
    {
        self::assertSame($field, Failures::of(InvalidException::class, $configure)->field);
    }

    /** @return array<string, array{string, Closure(): mixed}> */
    public static function invalidConfigurations(): array
    {
        $config = static fn (): Config => Config::sealedWith(Hooks::SEALING_KEY);
        return [
            'no key' => ['sealingKey', static fn () => Config::sealedWith()],
            'a key without an id' => ['sealingKey', static fn () => Config::sealedWith('no key')],
            'a second key without an id' => ['sealingKey[1]', static fn () => Config::sealedWith(Hooks::SEALING_KEY, 'no key')],
            'a key that is not UTF-8' => ['sealingKey', static fn () => Config::sealedWith("\xff:00")],
            'a proxy that is not UTF-8' => ['proxy', static fn () => $config()->withProxy("\xff")],
            'a network that is not UTF-8' => ['allowDestinations[0]', static fn () => $config()->withAllowedDestinations(["\xff"])],
            'a profile that is not UTF-8' => ['profiles[0]', static fn () => $config()->withProfiles(["\xff"])],
        ];
    }

    public function testChangeWithoutPermissionIsForbidden(): void
    {
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        self::assertSame(403, $hookwright->handle('POST', '/webhooks', '', '{}', new Caller('acme', 'u'))->status);
    }

    public function testExceptionAndDumpNeverContainASecret(): void
    {
        $key = 'k1:' . str_repeat('0g', 32);
        $open = static fn () => Hookwright::open(new MemoryStorage(), Config::sealedWith($key))->eventTypes();
        self::assertStringNotContainsString(substr($key, 3), (string) Failures::of(InvalidException::class, $open));
        $proxy = static fn () => Hooks::config()->withProxy("http://u:pass@h\xff");
        self::assertStringNotContainsString('u:pass', (string) Failures::of(InvalidException::class, $proxy));
        $dump = print_r(Hooks::config()->withProxy('http://u:pass@h'), true);
        self::assertStringNotContainsString('u:pass', $dump);
        self::assertStringNotContainsString(substr(Hooks::SEALING_KEY, 3), $dump);
    }
}
