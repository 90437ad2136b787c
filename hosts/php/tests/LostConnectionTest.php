<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\IntakeReader;
use Hookwright\Sql\SqlStorage;
use Hookwright\Storage\Mutation;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\CutConnection;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Worker;
use mysqli;
use mysqli_sql_exception;
use PDO;
use PDOException;
use PDOStatement;
use PHPUnit\Framework\TestCase;

/** Lost connections to real servers. After a connection is lost during a COMMIT, only the database knows the outcome. */
final class LostConnectionTest extends TestCase
{
    private const EVENT = ['type' => 'invoice.paid', 'id' => 'evt-1', 'data' => 1];

    /** @dataProvider cuts */
    public function testCommitWithoutReplyIsUnknown(string $name, string $mode): void
    {
        $cut = new CutConnection($name);
        $direct = Databases::store(Databases::connect($name));
        $store = SqlStorage::on($cut->connect());
        $store->commit([], [new Mutation('a', '1')]);
        $cut->cutNext($mode);
        $commit = static fn () => $store->commit([], [new Mutation('a', '2')]);
        self::assertSame('unknown', Failures::of(StorageException::class, $commit)->kind);
        self::assertTrue($cut->hasCut());
        self::assertSame($mode === 'after' ? '2' : '1', $direct->get(['a'])[0]?->value);
        $commit = static fn () => $store->commit([], [new Mutation('a', '3')]);
        self::assertSame('not-applied', Failures::of(StorageException::class, $commit)->kind);
    }

    /** @dataProvider cuts */
    public function testEventRepeatedAfterALostConnectionIsAcceptedOnce(string $name, string $mode): void
    {
        $cut = new CutConnection($name);
        $direct = Hooks::open(Databases::connect($name));
        $direct->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $hookwright = Hooks::reopen($cut->connect());
        $cut->cutNext($mode);
        Failures::of(UnavailableException::class, static fn () => $hookwright->onEvent(self::EVENT, 'acme'));
        self::assertTrue($cut->hasCut());
        self::assertSame($mode === 'before', $direct->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame(1, $direct->deliver(2_000)->routed);
    }

    /** @dataProvider cuts */
    public function testCallSucceedsIfThePlatformConnectsAgain(string $name, string $mode): void
    {
        $cut = new CutConnection($name);
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
        $hookwright = Hookwright::open($current, Hooks::config());
        $cut->cutNext($mode);
        self::assertTrue($hookwright->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame([true, 1], [$cut->hasCut(), $losses]);
        self::assertFalse($hookwright->onEvent(self::EVENT, 'acme')->isNew);
        self::assertSame(1, $hookwright->deliver(2_000)->routed);
    }

    /** @dataProvider servers */
    public function testEveryCallOnALostConnectionIsUnavailable(string $name): void
    {
        Hooks::open(Databases::connect($name));
        $calls = [
            'onEvent' => static fn (Hookwright $hookwright) => $hookwright->onEvent(self::EVENT, 'acme'),
            'list' => static fn (Hookwright $hookwright) => $hookwright->list('acme'),
            'deliver' => static fn (Hookwright $hookwright) => $hookwright->deliver(100),
            'accept' => static fn (Hookwright $hookwright) => IntakeReader::of($hookwright)->accept(),
        ];
        foreach ($calls as $method => $call) {
            foreach ([false, true] as $noticed) {
                $connection = Databases::connect($name);
                $hookwright = Hooks::reopen($connection);
                self::kill($name, $connection, $noticed);
                foreach ([$method, "$method again"] as $attempt) {
                    $error = Failures::of(UnavailableException::class, static fn () => $call($hookwright), $attempt);
                    self::assertStringContainsString('storage: ', $error->getMessage());
                }
                $schema = static fn () => $hookwright->storage()->createSchema();
                self::assertSame('not-applied', Failures::of(StorageException::class, $schema)->kind);
            }
        }
    }

    /** @dataProvider servers */
    public function testWorkerRetriesOnALostConnection(string $name): void
    {
        Hooks::open(Databases::connect($name));
        foreach ([false, true] as $withIntake) {
            $connection = Databases::connect($name);
            $hookwright = Hooks::reopen($connection);
            self::kill($name, $connection, true);
            $lines = [];
            $worker = new Worker(
                $hookwright,
                $withIntake ? IntakeReader::of($hookwright) : null,
                // The process of all tests has more memory in use than a worker may have.
                memoryBytesMax: PHP_INT_MAX,
                report: static function (string $line) use (&$lines, &$worker): void {
                    $lines[] = $line;
                    count($lines) < 2 || $worker->stop();
                },
            );
            $worker->run();
            self::assertCount(2, $lines);
            self::assertStringContainsString('error: storage: ', $lines[1]);
        }
    }

    public function testCallsSucceedAgainWhenThePlatformCanConnect(): void
    {
        $ready = Databases::connect('sqlite');
        Databases::store($ready);
        $connection = null;
        $current = static function () use (&$connection): PDO {
            return $connection ?? throw new PDOException('SQLSTATE[HY000] [2002] Connection refused');
        };
        $hookwright = Hookwright::open($current, Hooks::config());
        $reader = IntakeReader::of($hookwright);
        $calls = [
            static fn () => $hookwright->onEvent(self::EVENT, 'acme'),
            static fn () => $hookwright->list('acme'),
            static fn () => $hookwright->deliver(100),
            static fn () => $reader->accept(),
        ];
        $refused = static function () use ($calls): void {
            foreach ($calls as $call) {
                $error = Failures::of(UnavailableException::class, $call);
                self::assertStringContainsString('Connection refused', $error->getMessage());
            }
        };
        $refused();
        $connection = $ready;
        $reader->createSchema();
        self::assertTrue($hookwright->onEvent(self::EVENT, 'acme')->isNew);
        $connection = null;
        $refused();
        $connection = $ready;
        self::assertFalse($hookwright->onEvent(self::EVENT, 'acme')->isNew);
    }

    /** @return array<string, array{string}> */
    public static function servers(): array
    {
        return ['postgres' => ['postgres'], 'mariadb' => ['mariadb'], 'mysqli' => ['mysqli']];
    }

    /** @param bool $noticed true if a statement of the platform has failed already */
    private static function kill(string $name, PDO|mysqli $connection, bool $noticed): void
    {
        $result = $connection->query($name === 'postgres' ? 'SELECT pg_backend_pid()' : 'SELECT CONNECTION_ID()');
        $id = $result instanceof PDOStatement ? $result->fetchColumn() : $result->fetch_column();
        Databases::connect($name)->query($name === 'postgres' ? "SELECT pg_terminate_backend($id, 5000)" : "KILL $id");
        try {
            $noticed && $connection->query('SELECT 1');
            self::assertFalse($noticed, 'the connection is lost');
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
