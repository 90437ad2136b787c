<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use ArrayObject;
use DomainException;
use Hookwright\Component\Imports;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Fake;
use Hookwright\Hookwright;
use Hookwright\Native\Declarations;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Storage\Order;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\ForwardingStorage;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Lines;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use PHPUnit\Framework\TestCase;
use TypeError;
use WeakReference;

/** A `Hookwright` in a process: callbacks, forks, memory, logs, and the interface of the library. */
final class EmbeddingTest extends TestCase
{
    public function testStoreThatThrowsMakesTheCallUnavailableAndTheNextCallSucceeds(): void
    {
        $broken = new class (new MemoryStorage()) extends ForwardingStorage {
            public function get(array $keys): array
            {
                throw new DomainException('broken as planned');
            }

            public function scan(string $start, string $end, int $limit, Order $order): array
            {
                throw StorageException::notApplied('not now');
            }

            public function commit(array $checks, array $mutations): array
            {
                throw new TypeError('broken as planned');
            }
        };
        $hookwright = Hookwright::open($broken, Hooks::config());
        $calls = [
            'commit' => static fn () => $hookwright->onEvent(['type' => 'a.b']),
            'get' => static fn () => $hookwright->get('acme', 'wh_' . str_repeat('a', 26)),
            'scan' => static fn () => $hookwright->list('acme'),
        ];
        foreach ($calls as $name => $call) {
            Failures::of(UnavailableException::class, $call, $name);
        }
        self::assertSame('standard', $hookwright->eventTypes()->profile);
    }

    public function testCallWithinACallSucceeds(): void
    {
        // A listener to a framework's queries may make such a call.
        $storage = new class (new MemoryStorage()) extends ForwardingStorage {
            public ?Hookwright $hookwright = null;
            private int $commits = 0;

            public function commit(array $checks, array $mutations): array
            {
                $this->commits += 1;
                if ($this->commits === 1) {
                    $this->hookwright?->onEvent(['type' => 'query.ran', 'id' => 'inner'], 'acme');
                }
                return parent::commit($checks, $mutations);
            }
        };
        $hookwright = Hookwright::open($storage, Hooks::config());
        $storage->hookwright = $hookwright;
        $hookwright->onEvent(['type' => 'a.b', 'id' => 'outer'], 'acme');
        self::assertCount(2, Hooks::messages($storage));
    }

    public function testForkedProcessUsesInstancesOfItsOwn(): void
    {
        // In another process, because a fork would copy PHPUnit.
        $program = <<<'PHP'
            require $argv[1];
            use Hookwright\Tests\Support\Hooks;
            $hookwright = Hookwright\Hookwright::open(new Hookwright\Storage\MemoryStorage(), Hooks::config());
            $hookwright->eventTypes();
            $child = pcntl_fork();
            if ($child === 0) {
                $isNew = $hookwright->onEvent(['type' => 'a.b'], 'acme')->isNew;
                posix_kill(posix_getpid(), $isNew ? SIGUSR1 : SIGKILL);
            }
            pcntl_waitpid($child, $status);
            echo pcntl_wtermsig($status) === SIGUSR1 && $hookwright->onEvent(['type' => 'a.c'], 'acme')->isNew ? 'both' : 'not both';
            PHP;
        [, $output] = Program::run([PHP_BINARY, '-r', $program, '--', __DIR__ . '/bootstrap.php']);
        self::assertSame('both', $output);
    }

    public function testUnreferencedHookwrightIsFreedWithItsStore(): void
    {
        $refused = static fn (MemoryStorage $storage) => Failures::of(InvalidException::class, static fn () =>
            Hookwright::open($storage, Hooks::config()->withProfile('none'))->eventTypes());
        $accepted = static fn (MemoryStorage $storage) =>
            Hookwright::open($storage, Hooks::config())->onEvent(['type' => 'a.b'], 'acme');
        foreach (['accepted' => $accepted, 'accepted again' => $accepted, 'refused' => $refused] as $name => $call) {
            $storage = new MemoryStorage();
            $held = WeakReference::create($storage);
            $call($storage);
            unset($storage);
            self::assertNull($held->get(), $name);
        }
        $fake = Fake::create();
        $fake->onEvent(['type' => 'a.b'], 'acme');
        $held = [WeakReference::create($fake), WeakReference::create($fake->storage())];
        unset($fake);
        self::assertSame([null, null], [$held[0]->get(), $held[1]->get()]);
    }

    public function testUnreferencedContainerIsFreedWithItsHookwright(): void
    {
        // A framework's container holds the `Hookwright`, whose closure refers to the container.
        $app = new ArrayObject(['db' => Databases::connect('sqlite')]);
        Databases::store($app['db']);
        $app['hooks'] = Hookwright::open(static fn () => $app['db'], Hooks::config());
        $app['hooks']->onEvent(['type' => 'a.b'], 'acme');
        $held = WeakReference::create($app);
        unset($app);
        gc_collect_cycles();
        self::assertNull($held->get());
    }

    public function testDeclarationsEqualTheHeader(): void
    {
        $header = (string) file_get_contents(__DIR__ . '/../../native/include/hookwright.h');
        self::assertStringContainsString('#define HW_ABI ' . Declarations::ABI . "\n", $header);
        $tokens = static fn (string $text): array => preg_split('/\s+|(?=[();,*])|(?<=[();,*])/', (string) preg_replace(
            ['~/\*.*?\*/~s', '/^#.*$/m', '/^extern "C" \{$|^\}$/m'],
            '',
            $text,
        ), -1, PREG_SPLIT_NO_EMPTY);
        self::assertGreaterThan(50, count($tokens($header)));
        self::assertSame($tokens($header), $tokens(Declarations::C));
    }

    public function testPrivateAddressIsProhibitedInEverySpelling(): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect('sqlite');
        Databases::store($connection);
        $hookwright = Hookwright::open($connection, Hooks::config());
        $before = Hookwright::open($connection, Hooks::config()->withAllowedDestinations(['0.0.0.0/0', '::/0']));
        $urls = [$receiver->url('/in'), "http://localhost:$receiver->port/in", "http://[::ffff:127.0.0.1]:$receiver->port/in"];
        foreach ($urls as $url) {
            $id = $before->register('acme', ['url' => $url, 'events' => ['*']])->id;
            self::assertSame('destination-prohibited', $hookwright->testWebhook('acme', $id)->error, $url);
        }
        self::assertSame([], $receiver->requests());
    }

    public function testLogLineIsWrittenToTheLogger(): void
    {
        $logger = new Lines();
        $imports = new Imports(null, Imports::logTo($logger));
        self::assertSame(['log'], $imports->names());
        self::assertSame('{"ok":null}', $imports->serve('{"call":"log","level":"warn","message":"look"}'));
        self::assertSame([['warning', 'look']], $logger->lines);
    }
}
