<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Event;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\NotFoundException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Hookwright;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** Events in transactions of the platform, from the call to the receiver. */
final class TransactionTest extends TestCase
{
    /** @dataProvider databases */
    public function testEventIsDeliveredExactlyIfItsTransactionCommits(string $name): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $hookwright->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        $connection->query('DROP TABLE IF EXISTS invoices');
        $connection->query('CREATE TABLE invoices (id INTEGER)');

        $connection->query('BEGIN');
        $connection->query('INSERT INTO invoices VALUES (1)');
        $hookwright->onEvent(new Event('invoice.paid', ['id' => 1]), 'acme');
        $connection->query('ROLLBACK');
        self::assertSame(0, $hookwright->deliver()->routed);

        $connection->query('BEGIN');
        $connection->query('INSERT INTO invoices VALUES (2)');
        $hookwright->onEvents([new Event('invoice.paid', ['id' => 2]), ['type' => 'invoice.sent', 'data' => 'Zoë 😀']], 'acme');
        self::assertSame([], Hooks::messages(self::elsewhere($name)->storage()), 'the event is not committed yet');
        $connection->query('COMMIT');
        $report = self::elsewhere($name)->deliver();
        self::assertSame([2, 2], [$report->routed, $report->delivered]);
        $bodies = array_map(static fn (array $request): mixed => json_decode($request['body'], true)['data'], $receiver->requests());
        self::assertEqualsCanonicalizing([['id' => 2], 'Zoë 😀'], $bodies);
    }

    /** @dataProvider databases */
    public function testCommittedEventSurvivesTheEndOfTheProcess(string $name): void
    {
        $receiver = new Receiver();
        $hookwright = Hooks::open(Databases::connect($name));
        $hookwright->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        $program = <<<'PHP'
            require $argv[1];
            $connection = Hookwright\Tests\Support\Databases::connect($argv[2]);
            $hookwright = Hookwright\Tests\Support\Hooks::reopen($connection);
            $connection->query('BEGIN');
            $hookwright->onEvent(['type' => 'invoice.paid', 'id' => 'committed'], 'acme');
            $connection->query('COMMIT');
            $connection->query('BEGIN');
            $hookwright->onEvent(['type' => 'invoice.paid', 'id' => 'open'], 'acme');
            posix_kill(posix_getpid(), SIGKILL);
            PHP;
        $command = [PHP_BINARY, '-r', $program, '--', __DIR__ . '/bootstrap.php', $name];
        // The exit codes of a killed process.
        Program::run($command, Databases::environment(), [-1, 9, 137]);
        $report = $hookwright->deliver();
        self::assertSame([1, 1], [$report->routed, $report->delivered]);
        self::assertCount(1, $receiver->requests());
    }

    /** @dataProvider databases */
    public function testSameEventAgainWithinATransactionIsNotNew(string $name): void
    {
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $event = ['type' => 'invoice.paid', 'id' => 'evt-1', 'data' => 1];
        $connection->query('BEGIN');
        if ($name !== 'sqlite') {
            // The transaction has a snapshot from before the event.
            $result = $connection->query('SELECT COUNT(*) FROM hookwright');
            $result instanceof \PDOStatement ? $result->fetchAll() : $result->fetch_all();
            $first = self::elsewhere($name)->onEvent($event, 'acme');
        } else {
            $first = $hookwright->onEvent($event, 'acme');
        }
        $second = $hookwright->onEvent($event, 'acme');
        self::assertSame([$first->messageId, false], [$second->messageId, $second->isNew]);
        $other = static fn () => $hookwright->onEvent(['data' => 2] + $event, 'acme');
        self::assertSame('id', Failures::of(ConflictException::class, $other)->field);
        $hookwright->onEvent(['type' => 'invoice.paid', 'id' => 'evt-2'], 'acme');
        $connection->query('COMMIT');
        self::assertSame(2, $hookwright->deliver()->routed);
    }

    /** @dataProvider servers */
    public function testDeliveriesDoNotWaitForATransactionThatOnlyAccepts(string $name): void
    {
        $receiver = new Receiver();
        $registration = ['url' => $receiver->url('/in'), 'events' => ['*']];
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $webhook = $hookwright->register('acme', $registration);
        $elsewhere = self::elsewhere($name);
        $known = $elsewhere->onEvent(['type' => 'a.b', 'id' => 'known'], 'acme');
        $elsewhere->deliver();
        $connection->query('BEGIN');
        // Reads of existing rows, missing rows, and rows that another process is about to write.
        $hookwright->get('acme', $webhook->id);
        Failures::of(NotFoundException::class, static fn () => $hookwright->get('acme', 'wh_twi4pp3kvwvdjjiqh5g3iuqvia'));
        $hookwright->list('acme');
        $hookwright->explain('acme', $known->messageId, $webhook->id);
        $hookwright->attempts('acme', $webhook->id);
        $hookwright->settings('unknown');
        $hookwright->register('other', $registration);
        $hookwright->onEvent(['type' => 'a.b', 'id' => 'known'], 'acme');
        $hookwright->onEvent(['type' => 'a.b'], 'acme');

        $elsewhere->storage()->connection()->execute(str_starts_with($name, 'postgres')
            ? "SET lock_timeout = '1s'"
            : 'SET SESSION innodb_lock_wait_timeout = 1');
        $elsewhere->onEvent(['type' => 'a.c'], 'acme');
        $report = $elsewhere->deliver();
        self::assertSame([1, 1, []], [$report->routed, $report->delivered, $report->problems]);
        $connection->query('COMMIT');
        self::assertSame(1, $elsewhere->deliver()->delivered);
    }

    /**
     * SQLite refuses to write in a transaction with an older snapshot.
     *
     * @dataProvider servers
     */
    public function testChangeWithinATransactionKeepsTheChangesOfOthers(string $name): void
    {
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $webhook = $hookwright->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $connection->query('BEGIN');
        $hookwright->get('acme', $webhook->id);
        self::elsewhere($name)->update('acme', $webhook->id, ['name' => 'of another']);
        $changed = $hookwright->update('acme', $webhook->id, ['url' => 'https://b.example/in']);
        self::assertSame(['of another', 'https://b.example/in'], [$changed->name, $changed->url]);
        $connection->query('COMMIT');
    }

    /** @dataProvider databases */
    public function testSendingWithinATransactionIsRefused(string $name): void
    {
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        $webhook = $hookwright->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $connection->query('BEGIN');
        foreach ([fn () => $hookwright->deliver(), fn () => $hookwright->testWebhook('acme', $webhook->id)] as $call) {
            $error = Failures::of(ConflictException::class, $call);
            self::assertStringContainsString('within an open transaction', $error->getMessage());
        }
        $connection->query('ROLLBACK');
        self::assertSame(0, $hookwright->deliver()->attempts);
    }

    public function testSendingWithoutAutocommitIsRefused(): void
    {
        foreach (['mariadb', 'mysqli'] as $name) {
            $connection = Databases::connect($name);
            $hookwright = Hooks::open($connection);
            $connection->query('SET autocommit = 0');
            $error = Failures::of(ConflictException::class, static fn () => $hookwright->deliver());
            self::assertStringContainsString('within an open transaction', $error->getMessage());
            $hookwright->onEvent(['type' => 'a.b'], 'acme');
            $connection->query('ROLLBACK');
            self::assertSame(0, self::elsewhere($name)->deliver()->routed);
        }
    }

    public function testCallWithinAFailedTransactionIsAborted(): void
    {
        $connection = Databases::connect('postgres');
        $hookwright = Hooks::open($connection);
        $connection->query('BEGIN');
        Failures::of(\PDOException::class, static fn () => $connection->query('SELECT nonsense'));
        $call = static fn () => $hookwright->onEvent(['type' => 'a.b'], 'acme');
        self::assertStringContainsString('aborted', Failures::of(TransactionAbortedException::class, $call)->getMessage());
        $connection->query('ROLLBACK');
        self::assertTrue($hookwright->onEvent(['type' => 'a.b'], 'acme')->isNew);
    }

    public function testWebhookOfARolledBackTransactionIsGone(): void
    {
        $connection = Databases::connect('mariadb');
        $hookwright = Hooks::open($connection);
        $connection->query('BEGIN');
        $webhook = $hookwright->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        self::assertSame($webhook->id, $hookwright->get('acme', $webhook->id)->id);
        $connection->query('ROLLBACK');
        self::assertCount(0, $hookwright->list('acme'));
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        $names = ['sqlite', 'postgres', 'postgres-latin1', 'mariadb', 'mysqli', 'mysqli-utf8'];
        return array_intersect_key(Databases::all(), array_flip($names));
    }

    /** @return array<string, array{string}> */
    public static function servers(): array
    {
        return array_diff_key(self::databases(), ['sqlite' => 0]);
    }

    private static function elsewhere(string $name): Hookwright
    {
        return Hooks::reopen(Databases::connect($name));
    }
}
