<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\IntakeDrain;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\SqlStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Cut;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Worker;
use mysqli;
use mysqli_sql_exception;
use PDO;
use PDOException;
use PDOStatement;
use PHPUnit\Framework\TestCase;

/** Connections to real servers that are lost: in a COMMIT nobody but the database knows whether it has happened. */
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

    /** @dataProvider servers */
    public function testOnALostConnectionEveryCallIsUnavailable(string $name): void
    {
        Hooks::open(Databases::connect($name));
        $calls = [
            'onEvent' => static fn (Hookwright $hooks) => $hooks->onEvent(self::EVENT, 'acme'),
            'list' => static fn (Hookwright $hooks) => $hooks->list('acme'),
            'deliver' => static fn (Hookwright $hooks) => $hooks->deliver(100),
            'drain' => static fn (Hookwright $hooks) => IntakeDrain::of($hooks)->drain(),
        ];
        foreach ($calls as $what => $call) {
            foreach ([false, true] as $noticed) {
                $connection = Databases::connect($name);
                $hooks = Hooks::reopen($connection);
                self::kill($name, $connection, $noticed);
                foreach (['', ' again'] as $again) {
                    try {
                        $call($hooks);
                        self::fail("$what$again: the connection is gone");
                    } catch (UnavailableException $error) {
                        self::assertStringContainsString('storage: ', $error->getMessage());
                    }
                }
                try {
                    $hooks->storage()->createSchema();
                    self::fail('the connection is gone');
                } catch (StorageException $error) {
                    self::assertSame('not-applied', $error->kind, $error->getMessage());
                }
            }
        }
    }

    /** @dataProvider servers */
    public function testAWorkerHasPatienceWithALostConnection(string $name): void
    {
        Hooks::open(Databases::connect($name));
        foreach ([false, true] as $withIntake) {
            $connection = Databases::connect($name);
            $hooks = Hooks::reopen($connection);
            self::kill($name, $connection, true);
            $said = [];
            $worker = new Worker(
                $hooks,
                $withIntake ? IntakeDrain::of($hooks) : null,
                say: static function (string $line) use (&$said, &$worker): void {
                    $said[] = $line;
                    count($said) < 2 || $worker->stop();
                },
            );
            $worker->run();
            self::assertCount(2, $said);
            self::assertStringContainsString('error: storage: ', $said[1]);
        }
    }

    public function testAPlatformThatCannotConnectIsWaitedFor(): void
    {
        $ready = Databases::connect('sqlite');
        Databases::store($ready);
        $connection = null;
        $current = static function () use (&$connection): PDO {
            return $connection ?? throw new PDOException('SQLSTATE[HY000] [2002] Connection refused');
        };
        $hooks = Hookwright::open(storage: $current, sealingKey: Hooks::SEALING_KEY, cache: Hooks::cache());
        $drain = IntakeDrain::of($hooks);
        $calls = [
            static fn () => $hooks->onEvent(self::EVENT, 'acme'),
            static fn () => $hooks->list('acme'),
            static fn () => $hooks->deliver(100),
            static fn () => $drain->drain(),
        ];
        $refused = static function () use ($calls): void {
            foreach ($calls as $call) {
                try {
                    $call();
                    self::fail('there is no connection');
                } catch (UnavailableException $error) {
                    self::assertStringContainsString('Connection refused', $error->getMessage());
                }
            }
        };
        $refused();
        $connection = $ready;
        $drain->createSchema();
        self::assertTrue($hooks->onEvent(self::EVENT, 'acme')->isNew);
        $connection = null;
        $refused();
        $connection = $ready;
        self::assertFalse($hooks->onEvent(self::EVENT, 'acme')->isNew);
    }

    /** @return array<string, array{string}> */
    public static function servers(): array
    {
        return ['postgres' => ['postgres'], 'mariadb' => ['mariadb'], 'mysqli' => ['mysqli']];
    }

    /** @param bool $noticed whether the platform has run into it already */
    private static function kill(string $name, PDO|mysqli $connection, bool $noticed): void
    {
        $result = $connection->query($name === 'postgres' ? 'SELECT pg_backend_pid()' : 'SELECT CONNECTION_ID()');
        $id = $result instanceof PDOStatement ? $result->fetchColumn() : $result->fetch_column();
        Databases::connect($name)->query($name === 'postgres' ? "SELECT pg_terminate_backend($id, 5000)" : "KILL $id");
        try {
            $noticed && $connection->query('SELECT 1');
            self::assertFalse($noticed, 'the connection is gone');
        } catch (PDOException | mysqli_sql_exception) {
        }
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
