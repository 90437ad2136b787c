<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Event;
use Hookwright\Exception\ConflictException;
use Hookwright\Exception\NotFoundException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Hookwright;
use Hookwright\Storage\Order;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;

/** Events in the platform's own transactions, from the call to the receiver. */
final class TransactionTest extends TestCase
{
    /** @dataProvider databases */
    public function testAnEventExistsExactlyIfTheTransactionCommits(string $name): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect($name);
        $hooks = Hooks::open($connection);
        $hooks->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        $connection->query('DROP TABLE IF EXISTS invoices');
        $connection->query('CREATE TABLE invoices (id INTEGER)');

        $connection->query('BEGIN');
        $connection->query('INSERT INTO invoices VALUES (1)');
        $hooks->onEvent(new Event('invoice.paid', ['id' => 1]), 'acme');
        $connection->query('ROLLBACK');
        self::assertSame(0, $hooks->deliver()->routed);

        $connection->query('BEGIN');
        $connection->query('INSERT INTO invoices VALUES (2)');
        $hooks->onEvents([new Event('invoice.paid', ['id' => 2]), ['type' => 'invoice.sent', 'data' => 'Zoë 😀']], 'acme');
        $seen = self::elsewhere($name)->storage()->scan('msg/', 'msg0', 10, Order::Forward);
        self::assertSame([], $seen, 'nobody sees what has not been committed');
        $connection->query('COMMIT');
        $report = self::elsewhere($name)->deliver();
        self::assertSame([2, 2], [$report->routed, $report->delivered]);
        $bodies = array_map(static fn (array $one): mixed => json_decode($one['body'], true)['data'], $receiver->requests());
        self::assertEqualsCanonicalizing([['id' => 2], 'Zoë 😀'], $bodies);
    }

    /** @dataProvider databases */
    public function testACommittedEventOutlivesTheProcess(string $name): void
    {
        $receiver = new Receiver();
        $hooks = Hooks::open(Databases::connect($name));
        $hooks->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        $program = <<<'PHP'
            require $argv[1];
            $connection = Hookwright\Tests\Support\Databases::connect($argv[2]);
            $hooks = Hookwright\Tests\Support\Hooks::reopen($connection);
            $connection->query('BEGIN');
            $hooks->onEvent(['type' => 'invoice.paid', 'id' => 'committed'], 'acme');
            $connection->query('COMMIT');
            $connection->query('BEGIN');
            $hooks->onEvent(['type' => 'invoice.paid', 'id' => 'open'], 'acme');
            posix_kill(posix_getpid(), SIGKILL);
            PHP;
        $command = [PHP_BINARY, '-r', $program, '--', __DIR__ . '/bootstrap.php', $name];
        // Killed, as the exit code says.
        Program::run($command, Databases::environment(), [-1, 9, 137]);
        $report = $hooks->deliver();
        self::assertSame([1, 1], [$report->routed, $report->delivered]);
        self::assertCount(1, $receiver->requests());
    }

    /** @dataProvider databases */
    public function testTheSameEventAgainWithinATransactionIsKnown(string $name): void
    {
        $connection = Databases::connect($name);
        $hooks = Hooks::open($connection);
        $event = ['type' => 'invoice.paid', 'id' => 'evt-1', 'data' => 1];
        $connection->query('BEGIN');
        if ($name !== 'sqlite') {
            // A snapshot from before the event: in MySQL reads go on seeing it.
            $result = $connection->query('SELECT COUNT(*) FROM hookwright');
            $result instanceof \PDOStatement ? $result->fetchAll() : $result->fetch_all();
            $first = self::elsewhere($name)->onEvent($event, 'acme');
        } else {
            $first = $hooks->onEvent($event, 'acme');
        }
        $second = $hooks->onEvent($event, 'acme');
        self::assertSame([$first->messageId, false], [$second->messageId, $second->isNew]);
        try {
            $hooks->onEvent(['data' => 2] + $event, 'acme');
            self::fail('another event has this id');
        } catch (ConflictException $error) {
            self::assertSame('id', $error->field);
        }
        $hooks->onEvent(['type' => 'invoice.paid', 'id' => 'evt-2'], 'acme');
        $connection->query('COMMIT');
        self::assertSame(2, $hooks->deliver()->routed);
    }

    /** @dataProvider servers */
    public function testDeliveriesDoNotWaitForATransactionThatOnlyReports(string $name): void
    {
        $receiver = new Receiver();
        $registration = ['url' => $receiver->url('/in'), 'events' => ['*']];
        $connection = Databases::connect($name);
        $hooks = Hooks::open($connection);
        $webhook = $hooks->register('acme', $registration);
        $elsewhere = self::elsewhere($name);
        $known = $elsewhere->onEvent(['type' => 'a.b', 'id' => 'known'], 'acme');
        $elsewhere->deliver();
        $connection->query('BEGIN');
        // Of what is there, of what is not, and of what others are about to write.
        $hooks->get('acme', $webhook->id);
        try {
            $hooks->get('acme', 'wh_twi4pp3kvwvdjjiqh5g3iuqvia');
            self::fail('there is no such webhook');
        } catch (NotFoundException) {
        }
        $hooks->list('acme');
        $hooks->explain('acme', $known->messageId, $webhook->id);
        $hooks->attempts('acme', $webhook->id);
        $hooks->settings('of-nobody');
        $hooks->register('other', $registration);
        $hooks->onEvent(['type' => 'a.b', 'id' => 'known'], 'acme');
        $hooks->onEvent(['type' => 'a.b'], 'acme');

        $elsewhere->storage()->connection()->execute(str_starts_with($name, 'postgres')
            ? "SET lock_timeout = '1s'"
            : 'SET SESSION innodb_lock_wait_timeout = 1');
        $elsewhere->onEvent(['type' => 'a.c'], 'acme');
        $report = $elsewhere->deliver();
        self::assertSame([1, 1, []], [$report->routed, $report->delivered, $report->problems]);
        $connection->query('COMMIT');
        self::assertSame(1, $elsewhere->deliver()->delivered);
    }

    /** @dataProvider databases */
    public function testAChangeWithinATransactionIsMadeToWhatIsThereNow(string $name): void
    {
        if ($name === 'sqlite') {
            // There a snapshot that is too old cannot be written to.
            $this->expectNotToPerformAssertions();
            return;
        }
        $connection = Databases::connect($name);
        $hooks = Hooks::open($connection);
        $webhook = $hooks->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $connection->query('BEGIN');
        $hooks->get('acme', $webhook->id);
        self::elsewhere($name)->update('acme', $webhook->id, ['name' => 'of another']);
        $changed = $hooks->update('acme', $webhook->id, ['url' => 'https://b.example/in']);
        self::assertSame(['of another', 'https://b.example/in'], [$changed->name, $changed->url]);
        $connection->query('COMMIT');
    }

    /** @dataProvider databases */
    public function testNothingIsSentWithinATransaction(string $name): void
    {
        $connection = Databases::connect($name);
        $hooks = Hooks::open($connection);
        $webhook = $hooks->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        $connection->query('BEGIN');
        foreach ([fn () => $hooks->deliver(), fn () => $hooks->testWebhook('acme', $webhook->id)] as $call) {
            try {
                $call();
                self::fail('it sends');
            } catch (ConflictException $error) {
                self::assertStringContainsString('within an open transaction', $error->getMessage());
            }
        }
        $connection->query('ROLLBACK');
        self::assertSame(0, $hooks->deliver()->attempts);
    }

    public function testNothingIsSentWhereTransactionsBeginByThemselves(): void
    {
        foreach (['mariadb', 'mysqli'] as $name) {
            $connection = Databases::connect($name);
            $hooks = Hooks::open($connection);
            $connection->query('SET autocommit = 0');
            try {
                $hooks->deliver();
                self::fail('it sends');
            } catch (ConflictException $error) {
                self::assertStringContainsString('within an open transaction', $error->getMessage());
            }
            $hooks->onEvent(['type' => 'a.b'], 'acme');
            $connection->query('ROLLBACK');
            self::assertSame(0, self::elsewhere($name)->deliver()->routed);
        }
    }

    public function testALostTransactionIsToldAsSuch(): void
    {
        $connection = Databases::connect('postgres');
        $hooks = Hooks::open($connection);
        $connection->query('BEGIN');
        try {
            $connection->query('SELECT nonsense');
            self::fail('that is nonsense');
        } catch (\PDOException) {
        }
        try {
            $hooks->onEvent(['type' => 'a.b'], 'acme');
            self::fail('the transaction is lost');
        } catch (TransactionAbortedException $error) {
            self::assertStringContainsString('aborted', $error->getMessage());
        }
        $connection->query('ROLLBACK');
        self::assertTrue($hooks->onEvent(['type' => 'a.b'], 'acme')->isNew);
    }

    public function testAWebhookRegisteredInATransactionGoesWithIt(): void
    {
        $connection = Databases::connect('mariadb');
        $hooks = Hooks::open($connection);
        $connection->query('BEGIN');
        $webhook = $hooks->register('acme', ['url' => 'https://a.example/in', 'events' => ['*']]);
        self::assertSame($webhook->id, $hooks->get('acme', $webhook->id)->id);
        $connection->query('ROLLBACK');
        self::assertCount(0, $hooks->list('acme'));
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
