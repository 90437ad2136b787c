<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Cut;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Hooks;
use mysqli;
use PDO;
use PHPUnit\Framework\TestCase;

/** Connections that are lost during a COMMIT of a real server: nobody but the database knows whether it has happened. */
final class LostConnectionTest extends TestCase
{
    private const EVENT = ['type' => 'invoice.paid', 'id' => 'evt-1', 'data' => 1];

    /** @dataProvider cuts */
    public function testACommitWhoseAnswerDoesNotComeIsUnknown(string $name, string $mode): void
    {
        $cut = new Cut($name);
        $direct = Databases::store(Databases::connect($name));
        $store = SqlStorage::on($cut->connect());
        $store->commit([], [new Mutation('a', '1')]);
        $cut->next($mode);
        try {
            $store->commit([], [new Mutation('a', '2')]);
            self::fail('it cannot know');
        } catch (StorageException $error) {
            self::assertSame('unknown', $error->kind, $error->getMessage());
        }
        self::assertTrue($cut->done());
        self::assertSame($mode === 'after' ? '2' : '1', $direct->get(['a'])[0]?->value);
        try {
            $store->commit([], [new Mutation('a', '3')]);
            self::fail('the connection is gone');
        } catch (StorageException $error) {
            self::assertSame('not-applied', $error->kind, $error->getMessage());
        }
    }

    /** @dataProvider cuts */
    public function testTheSameEventReportedAgainIsAcceptedOnce(string $name, string $mode): void
    {
        $cut = new Cut($name);
        $direct = Hooks::open(Databases::connect($name));
        $direct->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $hooks = Hooks::reopen($cut->connect());
        $cut->next($mode);
        try {
            $hooks->onEvent(self::EVENT, 'acme');
            self::fail('its connection is gone');
        } catch (UnavailableException $error) {
            self::assertTrue($cut->done());
        }
        self::assertSame($mode === 'before', $direct->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame(1, $direct->deliver(2_000)->routed);
    }

    /** @dataProvider cuts */
    public function testAPlatformThatConnectsAgainNoticesNothing(string $name, string $mode): void
    {
        $cut = new Cut($name);
        Hooks::open(Databases::connect($name));
        $connection = $cut->connect();
        $losses = 0;
        $current = static function (bool $lost = false) use (&$connection, &$losses, $cut): PDO|mysqli {
            if ($lost) {
                $losses += 1;
                $connection = $cut->connect();
            }
            return $connection;
        };
        $hooks = Hookwright::open(storage: $current, sealingKey: Hooks::SEALING_KEY, cache: Hooks::cache());
        $cut->next($mode);
        self::assertTrue($hooks->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame([true, 1], [$cut->done(), $losses]);
        self::assertFalse($hooks->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame(1, $hooks->deliver(2_000)->routed);
    }

    /** @return iterable<string, array{string, string}> */
    public static function cuts(): iterable
    {
        foreach (['postgres', 'mariadb', 'mysqli'] as $name) {
            foreach (['before', 'after'] as $mode) {
                yield "$name $mode" => [$name, $mode];
            }
        }
    }
}
