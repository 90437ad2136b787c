<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Event;
use Hookwright\Fake;
use PHPUnit\Framework\AssertionFailedError;
use PHPUnit\Framework\TestCase;

/** The fake for a platform's tests. */
final class FakeTest extends TestCase
{
    private const URL = 'https://hooks.example.com/in';

    public function testAssertionsPassForAcceptedAndDeliveredEvents(): void
    {
        $hooks = Fake::create();
        $id = $hooks->register('acme', ['url' => self::URL, 'events' => ['invoice.*']])->id;
        $hooks->onEvent(new Event('invoice.paid', ['id' => 'inv-1', 'lines' => [['n' => 1]]]), 'acme');
        $hooks->onEvents([['type' => 'user.left'], '{"type":"invoice.sent","tenant":"other"}'], null);
        $hooks->assertAccepted('invoice.paid', ['data' => ['id' => 'inv-1', 'lines' => [['n' => 1]]]]);
        self::assertSame('other', $hooks->assertAccepted('invoice.sent')['tenant']);
        $hooks->assertNotAccepted('invoice.lost');
        $sent = $hooks->assertDelivered(self::URL);
        self::assertSame('inv-1', json_decode((string) $sent['body'], true)['data']['id']);
        self::assertStringStartsWith('v1,', $sent['headers']['webhook-signature']);
        self::assertCount(1, $hooks->sent());
        self::assertSame('delivered', $hooks->attempts('acme', $id)->data[0]->state);
    }

    public function testRequestHasTheOutcomeThatTheTestSets(): void
    {
        $hooks = Fake::create('perscom');
        $id = $hooks->register('acme', ['url' => self::URL, 'events' => ['*']])->id;
        $hooks->setOutcome(self::URL, 503);
        self::assertSame(503, $hooks->testWebhook('acme', $id)->status);
        $hooks->setOutcome(self::URL, 'timeout');
        self::assertSame('timeout', $hooks->testWebhook('acme', $id)->error);
    }

    public function testWholeFloatStaysAFloat(): void
    {
        $hooks = Fake::create();
        $hooks->onEvent(new Event('invoice.paid', ['amount' => 4200.0, 'rate' => 1.5, 'lines' => 2]), 'acme');
        $hooks->assertAccepted('invoice.paid', ['data' => ['amount' => 4200.0, 'rate' => 1.5, 'lines' => 2]]);
    }

    public function testRepeatedEventIsRecordedOnce(): void
    {
        $hooks = Fake::create();
        $hooks->onEvent(['type' => 'a.b', 'id' => 'one'], 'acme');
        $hooks->onEvent(['type' => 'a.b', 'id' => 'one'], 'acme');
        self::assertCount(1, $hooks->accepted);
    }

    /** @dataProvider failures */
    public function testAssertionFailsIfTheEventDiffers(callable $assert): void
    {
        $hooks = Fake::create();
        $hooks->onEvent(['type' => 'a.b', 'data' => ['x' => 1]], 'acme');
        $this->expectException(AssertionFailedError::class);
        $assert($hooks);
    }

    /** @return array<string, array{callable(Fake): mixed}> */
    public static function failures(): array
    {
        return [
            'another type' => [static fn (Fake $hooks) => $hooks->assertAccepted('a.c')],
            'another member' => [static fn (Fake $hooks) => $hooks->assertAccepted('a.b', ['data' => ['x' => 2]])],
            'an event' => [static fn (Fake $hooks) => $hooks->assertNotAccepted()],
            'an event of the type' => [static fn (Fake $hooks) => $hooks->assertNotAccepted('a.b')],
            'no request' => [static fn (Fake $hooks) => $hooks->assertDelivered(self::URL)],
        ];
    }
}
