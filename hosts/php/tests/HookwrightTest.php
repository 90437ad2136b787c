<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Exception\InvalidException;
use Hookwright\Exception\NotFoundException;
use Hookwright\Exception\TooLargeException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\Internal\Ffi\Library;
use Hookwright\Receiver as Verifier;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Storage\Order;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;
use Psr\Log\AbstractLogger;

/** The calls, their values and their exceptions. */
final class HookwrightTest extends TestCase
{
    public function testEveryCallAnswersItsValue(): void
    {
        $receiver = new Receiver();
        $hooks = Hooks::open(Databases::connect('sqlite'));
        $made = $hooks->register('acme', ['name' => 'Billing', 'url' => $receiver->url('/status/500'), 'events' => ['invoice.*'],
            'schedule' => [], 'headers' => ['X-Key' => 'v']]);
        self::assertStringStartsWith('whsec_', (string) $made->secret());
        self::assertStringNotContainsString((string) $made->secret(), print_r($made, true));
        $webhook = $hooks->get('acme', $made->id);
        self::assertNull($webhook->secret());
        self::assertSame(['Billing', ['invoice.*'], true, []], [$webhook->name, $webhook->events, $webhook->isActive, $webhook->schedule]);
        self::assertEqualsWithDelta(time(), $webhook->createdAt->getTimestamp(), 10);
        self::assertSame('Bills', $hooks->update('acme', $made->id, ['name' => 'Bills'])->name);
        self::assertSame([$made->id], array_column([...$hooks->list('acme')], 'id'));
        self::assertNotSame($made->secret(), $hooks->rotateSecret('acme', $made->id, null, 60)->secret());

        $accepted = $hooks->onEvent(['type' => 'invoice.paid', 'subject' => ['type' => 'invoice', 'id' => 7], 'data' => []], 'acme');
        self::assertSame('accepted', $hooks->explain('acme', $accepted->messageId, $made->id)->state);
        $report = $hooks->deliver();
        self::assertSame([1, 1, 0, []], [$report->routed, $report->attempts, $report->delivered, $report->problems]);
        $attempt = $hooks->attempts('acme', $made->id)->data[0];
        self::assertSame(['exhausted', 500, 1, false], [$attempt->state, $attempt->status, $attempt->number, $attempt->isTest]);
        $message = $hooks->message('acme', $accepted->messageId);
        self::assertSame(['invoice.paid', 1], [$message->type, count($message->attempts)]);
        self::assertCount(1, $hooks->messageAttempts('acme', $accepted->messageId, null, 1));
        $sent = $receiver->requests()[0];
        self::assertSame($sent['body'], $hooks->payload('acme', $accepted->messageId, $made->id));
        self::assertSame([$made->id], $hooks->redeliver('acme', $accepted->messageId, $made->id)->webhookIds);
        self::assertSame(1, $hooks->deliver()->attempts);
        $since = ['since' => '2020-01-01T00:00:00Z'];
        $job = $hooks->recover('acme', $made->id, $since);
        self::assertSame(['recover', 'running'], [$job->kind, $job->state]);
        self::assertSame('cancelled', $hooks->cancelJob('acme', $job->id)->state);
        self::assertSame('replay', $hooks->replay('acme', $made->id, $since)->kind);
        self::assertSame('erase', $hooks->erase('acme', ['subject' => ['type' => 'invoice', 'id' => 7]])->kind);
        self::assertCount(3, $hooks->jobs('acme'));
        self::assertSame($job->id, $hooks->job('acme', $job->id)->id);
        self::assertTrue($hooks->testWebhook('acme', $made->id)->isTest);
        self::assertTrue($hooks->settings('acme')->keepBodies);
        self::assertFalse($hooks->updateSettings('acme', ['keepBodies' => false])->keepBodies);
        self::assertSame('standard', $hooks->eventTypes()->profile);
        self::assertSame(0, $hooks->reclaimLeases());
        $hooks->unregister('acme', $made->id);
        $answer = $hooks->handle('GET', '/webhooks', '', '', 'acme');
        self::assertSame([200, []], [$answer['status'], json_decode($answer['body'], true)['data']]);
    }

    public function testAReceiverVerifiesWhatWasSent(): void
    {
        $receiver = new Receiver();
        $hooks = Hooks::open(Databases::connect('sqlite'));
        $secret = (string) $hooks->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']])->secret();
        $hooks->onEvent(['type' => 'a.b', 'data' => 'Zoë'], 'acme');
        $hooks->deliver();
        ['headers' => $pairs, 'body' => $body] = $receiver->requests()[0];
        $headers = array_column($pairs, 1, 0);
        self::assertTrue(Verifier::verify($headers, $body, $secret)->verified());
        self::assertSame('mismatch', Verifier::verify($headers, "$body ", $secret)->kind);
        self::assertSame('mismatch', Verifier::verify($headers, $body, 'whsec_' . base64_encode(str_repeat('x', 32)))->kind);
        self::assertSame('missing', Verifier::verify([], $body, [$secret])->kind);
        // Whoever sends it has the choice of the bytes, and is not to have that of the answer.
        $more = ['x-name' => "Zo\xeb", "x-\xeb" => 'v', 'content-length' => strlen($body), 'x-list' => [1, "\xff"], "x\xc3" => "\xab"];
        self::assertTrue(Verifier::verify($headers + $more, $body, $secret)->verified());
        self::assertSame('mismatch', Verifier::verify($headers, "$body\xff", $secret)->kind);
        self::assertSame('mismatch', Verifier::verify($headers, $body, $secret, method: "\xff")->kind);
        self::assertSame('missing', Verifier::verify(['webhook-signature' => "\xff"] + $headers, $body, $secret)->kind);
        try {
            Verifier::verify($headers, $body, ["wh\xff"]);
            self::fail('that is no secret');
        } catch (InvalidException $error) {
            self::assertSame('secrets', $error->field);
        }
    }

    public function testExceptionsHaveKindAndField(): void
    {
        $hooks = Hooks::open(Databases::connect('sqlite'));
        $url = 'https://a.example/in';
        $rows = [
            [InvalidException::class, 'url', fn () => $hooks->register('acme', ['url' => 'ftp://x', 'events' => ['*']])],
            [InvalidException::class, 'events', fn () => $hooks->register('acme', ['url' => $url])],
            [InvalidException::class, 'tenant', fn () => $hooks->get("\xff", 'x')],
            [InvalidException::class, 'event', fn () => $hooks->onEvent(['type' => 'a.b', 'data' => NAN], 'acme')],
            [InvalidException::class, 'events[1]', fn () => $hooks->onEvents([['type' => 'a'], ['type' => "\xff"]], 'acme')],
            [InvalidException::class, 'limit', fn () => $hooks->list('acme', null, -1)],
            [InvalidException::class, 'limit', fn () => $hooks->list('acme', null, 101)],
            [InvalidException::class, 'timeMs', fn () => $hooks->deliver(-1)],
            [InvalidException::class, 'sealingKey', fn () => Hookwright::open(new MemoryStorage(), 'no key')],
            [InvalidException::class, 'sealingKey', fn () => Hookwright::open(new MemoryStorage(), "\xff:00")],
            [InvalidException::class, 'proxy', fn () => Hookwright::open(new MemoryStorage(), Hooks::SEALING_KEY, proxy: "\xff")],
            [InvalidException::class, 'permissions[1]', fn () =>
                $hooks->handle('GET', '/webhooks', '', '', 'acme', null, ['a', "\xff"])],
            [NotFoundException::class, 'webhookId', fn () => $hooks->get('acme', 'wh_none')],
            [TooLargeException::class, null, fn () => $hooks->onEvent(['type' => 'a.b', 'data' => str_repeat('x', 300_000)])],
        ];
        foreach ($rows as $index => [$class, $field, $call]) {
            try {
                $call();
                self::fail("row $index is not refused");
            } catch (\Hookwright\Exception\HookwrightException $error) {
                self::assertInstanceOf($class, $error, "row $index: {$error->getMessage()}");
                self::assertSame($field ?? $error->field, $error->field, "row $index: {$error->getMessage()}");
                self::assertSame($class::KIND, $error->kind());
            }
        }
        $answer = $hooks->handle('POST', '/webhooks', '', '{}', 'acme', 'u', []);
        self::assertSame(403, $answer['status']);
    }

    public function testASecretIsInNoException(): void
    {
        $key = 'k1:' . str_repeat('0g', 32);
        try {
            Hookwright::open(new MemoryStorage(), $key)->eventTypes();
            self::fail('that is no hexadecimal');
        } catch (InvalidException $error) {
            self::assertStringNotContainsString(substr($key, 3), (string) $error);
        }
        try {
            Hookwright::open(new MemoryStorage(), $key, proxy: "http://u:pass@h\xff");
            self::fail('that is no UTF-8');
        } catch (InvalidException $error) {
            self::assertStringNotContainsString('u:pass', (string) $error);
        }
    }

    public function testAStoreThatThrowsAnythingEndsACallAndNotTheProcess(): void
    {
        $broken = new class implements Storage {
            public function get(array $keys): array
            {
                throw new \DomainException('broken as planned');
            }

            public function scan(string $start, string $end, int $limit, Order $order): array
            {
                throw StorageException::notApplied('not now');
            }

            public function commit(array $checks, array $mutations): array
            {
                throw new \TypeError('broken as planned');
            }

            public function createSchema(): void
            {
            }

            public function inTransaction(): bool
            {
                return false;
            }
        };
        $hooks = Hookwright::open($broken, Hooks::SEALING_KEY, cache: Hooks::cache());
        $id = 'wh_' . str_repeat('a', 26);
        $calls = [
            static fn () => $hooks->onEvent(['type' => 'a.b']),
            static fn () => $hooks->get('acme', $id),
            static fn () => $hooks->list('acme'),
        ];
        foreach ($calls as $call) {
            try {
                $call();
                self::fail('the store is broken');
            } catch (UnavailableException $error) {
                self::assertNotSame('', $error->getMessage());
            }
        }
        self::assertSame('standard', $hooks->eventTypes()->profile);
    }

    public function testACallWithinACallHasAnInstanceOfItsOwn(): void
    {
        $storage = new class implements Storage {
            public ?Hookwright $hooks = null;
            public int $depth = 0;
            private MemoryStorage $rows;

            public function __construct()
            {
                $this->rows = new MemoryStorage();
            }

            public function get(array $keys): array
            {
                return $this->rows->get($keys);
            }

            public function scan(string $start, string $end, int $limit, Order $order): array
            {
                return $this->rows->scan($start, $end, $limit, $order);
            }

            public function commit(array $checks, array $mutations): array
            {
                // As a listener to a framework's queries might.
                $this->depth += 1;
                if ($this->depth === 1) {
                    $this->hooks?->onEvent(['type' => 'query.ran', 'id' => 'inner'], 'acme');
                }
                return $this->rows->commit($checks, $mutations);
            }

            public function createSchema(): void
            {
            }

            public function inTransaction(): bool
            {
                return false;
            }
        };
        $hooks = Hookwright::open($storage, Hooks::SEALING_KEY, cache: Hooks::cache());
        $storage->hooks = $hooks;
        $hooks->onEvent(['type' => 'a.b', 'id' => 'outer'], 'acme');
        self::assertCount(2, $storage->scan('msg/', 'msg0', 10, Order::Forward));
    }

    public function testAChildProcessMakesInstancesOfItsOwn(): void
    {
        // In a process of its own: PHPUnit's would be forked with all it holds.
        $program = <<<'PHP'
            require $argv[1];
            use Hookwright\Tests\Support\{Databases, Hooks};
            $hooks = Hooks::open(Databases::connect('sqlite'));
            $hooks->onEvent(['type' => 'a.b'], 'acme');
            $memory = Hookwright\Hookwright::open(new Hookwright\Storage\MemoryStorage(), Hooks::SEALING_KEY, cache: Hooks::cache());
            $memory->eventTypes();
            $child = pcntl_fork();
            if ($child === 0) {
                $ok = $memory->onEvent(['type' => 'a.b'], 'acme')->isNew;
                posix_kill(posix_getpid(), $ok ? SIGUSR1 : SIGKILL);
            }
            pcntl_waitpid($child, $status);
            echo pcntl_wtermsig($status) === SIGUSR1 && $memory->onEvent(['type' => 'a.c'], 'acme')->isNew ? 'both' : 'not both';
            PHP;
        [, $output] = Program::run([PHP_BINARY, '-r', $program, '--', __DIR__ . '/bootstrap.php']);
        self::assertSame('both', $output);
    }

    public function testNothingIsHeldByWhatNobodyHolds(): void
    {
        $refused = static function (MemoryStorage $storage): void {
            try {
                Hookwright::open($storage, Hooks::SEALING_KEY, profile: 'none', cache: Hooks::cache())->eventTypes();
                self::fail('there is no such profile');
            } catch (InvalidException) {
            }
        };
        $accepted = static fn (MemoryStorage $storage) =>
            Hookwright::open($storage, Hooks::SEALING_KEY, cache: Hooks::cache())->onEvent(['type' => 'a.b'], 'acme');
        foreach ([$accepted, $accepted, $refused] as $index => $call) {
            $storage = new MemoryStorage();
            $held = \WeakReference::create($storage);
            $call($storage);
            unset($storage);
            self::assertNull($held->get(), "the store of call $index");
        }
        $fake = Hookwright::fake();
        $fake->onEvent(['type' => 'a.b'], 'acme');
        $held = [\WeakReference::create($fake), \WeakReference::create($fake->storage())];
        unset($fake);
        self::assertSame([null, null], [$held[0]->get(), $held[1]->get()]);

        // As a framework's container has it: it is in the closure that it is asked for.
        $app = new \ArrayObject(['db' => Databases::connect('sqlite')]);
        Databases::store($app['db']);
        $app['hooks'] = Hookwright::open(static fn () => $app['db'], Hooks::SEALING_KEY, cache: Hooks::cache());
        $app['hooks']->onEvent(['type' => 'a.b'], 'acme');
        $held = \WeakReference::create($app);
        unset($app);
        gc_collect_cycles();
        self::assertNull($held->get());
    }

    public function testTheDeclarationsAreThoseOfTheHeader(): void
    {
        $header = (string) file_get_contents(__DIR__ . '/../../native/include/hookwright.h');
        $plain = static fn (string $text): array => preg_split('/\s+|(?=[();,*])|(?<=[();,*])/', (string) preg_replace(
            ['~/\*.*?\*/~s', '/^#.*$/m', '/^extern "C" \{$|^\}$/m'],
            '',
            $text,
        ), -1, PREG_SPLIT_NO_EMPTY);
        self::assertGreaterThan(50, count($plain($header)));
        self::assertSame($plain($header), $plain(Library::DECLARATIONS));
    }

    public function testTheEgressPolicyIsKept(): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect('sqlite');
        Databases::store($connection);
        $hooks = Hookwright::open($connection, Hooks::SEALING_KEY, cache: Hooks::cache());
        $urls = [$receiver->url('/in'), "http://localhost:$receiver->port/in", "http://[::ffff:127.0.0.1]:$receiver->port/in"];
        foreach ($urls as $url) {
            $id = $hooks->register('acme', ['url' => $url, 'events' => ['*']])->id;
            self::assertSame('destination-prohibited', $hooks->testWebhook('acme', $id)->error, $url);
        }
        self::assertSame([], $receiver->requests());
    }

    public function testLogLinesGoToALogger(): void
    {
        $logger = new class extends AbstractLogger {
            /** @var list<array{mixed, string}> */
            public array $lines = [];

            public function log($level, $message, array $context = []): void
            {
                $this->lines[] = [$level, (string) $message];
            }
        };
        $host = new \Hookwright\Internal\Host(null, \Hookwright\Internal\Host::logTo($logger));
        self::assertSame(['log'], $host->serves());
        self::assertSame('{"ok":null}', $host->answer('{"call":"log","level":"warn","message":"look"}'));
        self::assertSame([['warning', 'look']], $logger->lines);
    }
}
