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
        $hookwright = Fake::create();
        $id = $hookwright->register('acme', ['url' => self::URL, 'events' => ['invoice.*']])->id;
        $hookwright->onEvent(new Event('invoice.paid', ['id' => 'inv-1', 'lines' => [['n' => 1]]]), 'acme');
        $hookwright->onEvents([['type' => 'user.left'], '{"type":"invoice.sent","tenant":"other"}'], null);
        $hookwright->assertAccepted('invoice.paid', ['data' => ['id' => 'inv-1', 'lines' => [['n' => 1]]]]);
        self::assertSame('other', $hookwright->assertAccepted('invoice.sent')['tenant']);
        $hookwright->assertNotAccepted('invoice.lost');
        $sent = $hookwright->assertDelivered(self::URL);
        self::assertSame('inv-1', json_decode((string) $sent['body'], true)['data']['id']);
        self::assertStringStartsWith('v1,', $sent['headers']['webhook-signature']);
        self::assertCount(1, $hookwright->sent());
        self::assertSame('delivered', $hookwright->attempts('acme', $id)->data[0]->state);
    }

    public function testRequestHasTheOutcomeThatTheTestSets(): void
    {
        $hookwright = Fake::create('perscom');
        $id = $hookwright->register('acme', ['url' => self::URL, 'events' => ['*']])->id;
        $hookwright->setOutcome(self::URL, 503);
        self::assertSame(503, $hookwright->testWebhook('acme', $id)->status);
        $hookwright->setOutcome(self::URL, 'timeout');
        self::assertSame('timeout', $hookwright->testWebhook('acme', $id)->error);
    }

    public function testWholeFloatStaysAFloat(): void
    {
        $hookwright = Fake::create();
        $hookwright->onEvent(new Event('invoice.paid', ['amount' => 4200.0, 'rate' => 1.5, 'lines' => 2]), 'acme');
        $hookwright->assertAccepted('invoice.paid', ['data' => ['amount' => 4200.0, 'rate' => 1.5, 'lines' => 2]]);
    }

    public function testRepeatedEventIsRecordedOnce(): void
    {
        $hookwright = Fake::create();
        $hookwright->onEvent(['type' => 'a.b', 'id' => 'one'], 'acme');
        $hookwright->onEvent(['type' => 'a.b', 'id' => 'one'], 'acme');
        self::assertCount(1, $hookwright->accepted);
    }

    /** @dataProvider failures */
    public function testAssertionFailsIfTheEventDiffers(callable $assert): void
    {
        $hookwright = Fake::create();
        $hookwright->onEvent(['type' => 'a.b', 'data' => ['x' => 1]], 'acme');
        $this->expectException(AssertionFailedError::class);
        $assert($hookwright);
    }

    /** @return array<string, array{callable(Fake): mixed}> */
    public static function failures(): array
    {
        return [
            'another type' => [static fn (Fake $hookwright) => $hookwright->assertAccepted('a.c')],
            'another member' => [static fn (Fake $hookwright) => $hookwright->assertAccepted('a.b', ['data' => ['x' => 2]])],
            'an event' => [static fn (Fake $hookwright) => $hookwright->assertNotAccepted()],
            'an event of the type' => [static fn (Fake $hookwright) => $hookwright->assertNotAccepted('a.b')],
            'no request' => [static fn (Fake $hookwright) => $hookwright->assertDelivered(self::URL)],
        ];
    }
}
