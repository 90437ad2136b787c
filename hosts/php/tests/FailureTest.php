<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Closure;
use Fiber;
use Hookwright\Config;
use Hookwright\Database\DatabaseException;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Hookwright;
use Hookwright\Native\Declarations;
use Hookwright\Native\Errors;
use Hookwright\Storage\MemoryStorage;
use Hookwright\Storage\StorageException;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Failures;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\ForwardingStorage;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Lines;
use Hookwright\Tests\Support\Program;
use PDO;
use PHPUnit\Framework\TestCase;

/** The messages of failed calls, and the state of the process after them. */
final class FailureTest extends TestCase
{
    public function testExceptionHasACodeAndItsCause(): void
    {
        $connection = Databases::connect('postgres');
        $hookwright = Hooks::open($connection);
        $error = Failures::of(InvalidException::class, static fn () => $hookwright->onEvent(['type' => 'no type'], 'acme'));
        self::assertSame(['invalid', null], [$error->getCode(), $error->getPrevious()]);
        $connection->exec('ALTER TABLE hookwright RENAME TO elsewhere');
        try {
            $error = Failures::of(UnavailableException::class, static fn () => $hookwright->onEvent(['type' => 'a.b'], 'acme'));
        } finally {
            $connection->exec('ALTER TABLE elsewhere RENAME TO hookwright');
        }
        self::assertSame('unavailable', $error->getCode());
        $storage = $error->getPrevious();
        self::assertInstanceOf(StorageException::class, $storage);
        $database = $storage->getPrevious();
        self::assertInstanceOf(DatabaseException::class, $database);
        self::assertSame(['not-applied', '42P01'], [$storage->getCode(), $database->getCode()]);
        self::assertInstanceOf(\PDOException::class, $database->getPrevious());
        // A later call has no cause of an earlier one.
        $error = Failures::of(HookwrightException::class, static fn () => $hookwright->get('acme', 'wh_none'));
        self::assertNull($error->getPrevious());
    }

    /**
     * @dataProvider mistakes
     * @param Closure(): mixed $call
     * @param list<string> $not
     */
    public function testMessageNamesTheMistakeInTermsOfPhp(Closure $call, string $expected, array $not = []): void
    {
        $message = Failures::of(HookwrightException::class, $call)->getMessage();
        self::assertStringContainsString($expected, $message);
        foreach ([...$not, 'wit/', 'hw_', 'sealingKeys'] as $part) {
            self::assertStringNotContainsString($part, $message);
        }
    }

    /** @return array<string, array{0: Closure(): mixed, 1: string, 2?: list<string>}> */
    public static function mistakes(): array
    {
        $with = static fn (string ...$keys): Closure => static fn () =>
            Hookwright::open(new MemoryStorage(), Config::sealedWith(...$keys)->withCache(Hooks::cache()))->eventTypes();
        $on = static fn (string $dsn): Closure => static fn () => Hookwright::open(new PDO($dsn), Hooks::config())->list('acme');
        $good = str_repeat('07', 32);
        return [
            'a sealing key that is too short' => [$with('k1:0707'), 'sealingKey: is not 32 bytes in hexadecimal'],
            'a second sealing key' => [$with("k1:$good", 'k2:x'), 'sealingKey[1]: is not 32 bytes in hexadecimal'],
            'the id of a sealing key' => [$with("K 1:$good"), 'sealingKey: '],
            'a sealing key twice' => [$with("k1:$good", "k1:$good"), 'sealingKey[1]: '],
            'a file that is no database' => [$on('sqlite:' . __FILE__), 'open the file of a SQLite database', ['repeat the call']],
            'no table in SQLite' => [$on('sqlite::memory:'), '`$hookwright->storage()->createSchema()`', ['repeat the call']],
        ];
    }

    public function testHintOfTheBridgeNamesAMethodOfThisPackage(): void
    {
        $json = static fn (string $kind, string $hint): string =>
            json_encode(['kind' => $kind, 'field' => 'x', 'message' => 'is wrong', 'hint' => $hint], JSON_THROW_ON_ERROR);
        $rows = [
            'wit/ has the parameters of webhooks.on-event' => 'see the parameters of `Hookwright::onEvent()`',
            'wit/ has the parameters of receiver.verify' => 'see the parameters of `Receiver::verify()`',
            'create it again with hw_compile of the same library' => 'create it again with `hookwright compile` of the same library',
        ];
        foreach ($rows as $given => $expected) {
            self::assertSame($expected, Errors::exception(Declarations::TRAPPED + 1, $json('invalid', $given))->hint);
        }
        $error = Errors::exception(Declarations::TRAPPED + 1, $json('forked', 'call hw_engine_open'));
        self::assertSame('open a `Hookwright` in each process', $error->hint);
    }

    public function testCallFromAnotherFiberDuringACallIsRefused(): void
    {
        $storage = new class (new MemoryStorage()) extends ForwardingStorage {
            public function commit(array $checks, array $mutations): array
            {
                Fiber::getCurrent() === null || Fiber::suspend();
                return parent::commit($checks, $mutations);
            }
        };
        $hookwright = Hookwright::open($storage, Hooks::config());
        $fiber = new Fiber(static fn () => $hookwright->onEvent(['type' => 'a.b', 'id' => 'suspended'], 'acme'));
        $fiber->start();
        $other = new Fiber(static fn () => $hookwright->list('acme'));
        $calls = [
            'outside any fiber' => static fn () => $hookwright->onEvent(['type' => 'a.c'], 'acme'),
            'in another fiber' => static fn () => $other->start(),
            'of another object' => static fn () => Hookwright::open(new MemoryStorage(), Hooks::config())->list('acme'),
        ];
        foreach ($calls as $name => $call) {
            $message = Failures::of(UnavailableException::class, $call, $name)->getMessage();
            self::assertStringContainsString('another fiber', $message, $name);
        }
        $fiber->resume();
        self::assertTrue($fiber->getReturn()->isNew);
        self::assertTrue($hookwright->onEvent(['type' => 'a.c'], 'acme')->isNew);
        self::assertCount(2, Hooks::messages($storage));
    }

    /** @dataProvider fatalErrors */
    public function testCallAfterAFatalErrorWithinACallIsRefused(string $fatal): void
    {
        $program = <<<'PHP'
            require $argv[1];
            use Hookwright\Hookwright;
            use Hookwright\Storage\MemoryStorage;
            use Hookwright\Tests\Support\{ForwardingStorage, Hooks};
            $storage = new class (new MemoryStorage()) extends ForwardingStorage {
                public bool $isFatal = false;
                public function commit(array $checks, array $mutations): array
                {
                    $this->isFatal && eval($GLOBALS['argv'][2]);
                    return parent::commit($checks, $mutations);
                }
            };
            $hookwright = Hookwright::open($storage, Hooks::config());
            $other = Hookwright::open(new MemoryStorage(), Hooks::config());
            $hookwright->eventTypes();
            $other->eventTypes();
            register_shutdown_function(static function () use ($hookwright, $other, $storage) {
                $storage->isFatal = false;
                foreach ([$hookwright, $other] as $one) {
                    try {
                        $one->onEvent(['type' => 'a.c'], 'acme');
                        echo "accepted\n";
                    } catch (Throwable $error) {
                        echo $error::class, ': ', $error->getMessage(), "\n";
                    }
                }
            });
            $storage->isFatal = true;
            $hookwright->onEvent(['type' => 'a.b'], 'acme');
            PHP;
        $command = [PHP_BINARY, '-d', 'memory_limit=64M', '-d', 'display_errors=0', '-d', 'log_errors=0', '-r', $program, '--',
            __DIR__ . '/bootstrap.php', $fatal];
        [, $output] = Program::run($command, ['HOOKWRIGHT_TEST_CACHE' => Hooks::cache()], [255]);
        $line = InternalException::class . ': a callback on this thread .*restart this PHP process';
        self::assertMatchesRegularExpression('/^' . str_replace('\\', '\\\\', "$line.*\n$line") . '/', $output);
    }

    /** @return array<string, array{string}> */
    public static function fatalErrors(): array
    {
        return [
            'memory' => ['str_repeat("x", 1 << 30);'],
            'exit' => ['exit;'],
            'a fatal error' => ['trigger_error("as planned", E_USER_ERROR);'],
        ];
    }

    public function testLaterRequestInAProcessAfterAFatalErrorIsRefused(): void
    {
        // PHP's own server handles many requests in one process, and does not end after a fatal error.
        $router = Folder::make() . '/router.php';
        $bootstrap = var_export(__DIR__ . '/bootstrap.php', true);
        file_put_contents($router, "<?php require $bootstrap;" . <<<'PHP'
            use Hookwright\Hookwright;
            use Hookwright\Storage\MemoryStorage;
            use Hookwright\Tests\Support\{ForwardingStorage, Hooks};
            $storage = new class (new MemoryStorage()) extends ForwardingStorage {
                public function commit(array $checks, array $mutations): array
                {
                    $_SERVER['REQUEST_URI'] === '/fatal' && str_repeat('x', 1 << 30);
                    return parent::commit($checks, $mutations);
                }
            };
            try {
                Hookwright::open($storage, Hooks::config())->onEvent(['type' => 'a.b'], 'acme');
                echo 'accepted';
            } catch (Throwable $error) {
                echo $error->getMessage();
            }
            PHP);
        $port = random_int(20_000, 60_000);
        $options = ['-d', 'memory_limit=64M', '-d', 'display_errors=0', '-d', 'ffi.enable=1', '-S', "127.0.0.1:$port", $router];
        $null = ['file', '/dev/null', 'w'];
        $environment = ['HOOKWRIGHT_TEST_CACHE' => Hooks::cache(), 'PHP_CLI_SERVER_WORKERS' => ''] + getenv();
        $server = proc_open([PHP_BINARY, ...$options], [$null, $null, $null], $pipes, null, $environment);
        self::assertIsResource($server);
        try {
            $get = static function (string $path) use ($port): string {
                $context = stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 60]]);
                for ($tries = 0; ($text = @file_get_contents("http://127.0.0.1:$port$path", false, $context)) === false; $tries += 1) {
                    self::assertLessThan(200, $tries, 'the server does not respond');
                    usleep(50_000);
                }
                return $text;
            };
            self::assertSame('accepted', $get('/'));
            self::assertSame('', $get('/fatal'));
            self::assertStringContainsString('restart this PHP process', $get('/'));
        } finally {
            proc_terminate($server);
            proc_close($server);
        }
    }

    public function testCacheThatCannotBeWrittenIsLogged(): void
    {
        $lines = new Lines();
        $config = Config::sealedWith(Hooks::SEALING_KEY)->withCache('/proc/hookwright')->withLogger($lines);
        Hookwright::open(new MemoryStorage(), $config)->eventTypes();
        self::assertSame('warning', $lines->lines[0][0] ?? null);
        self::assertStringContainsString('/proc/hookwright', $lines->lines[0][1]);
        self::assertStringContainsString('every process compiles it', $lines->lines[0][1]);
    }

    public function testClosureThatOpensAConnectionIsLoggedOnce(): void
    {
        Databases::store($kept = Databases::connect('sqlite'));
        $opened = new Lines();
        $hookwright = Hookwright::open(static fn () => Databases::connect('sqlite'), Hooks::config()->withLogger($opened));
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        self::assertCount(1, $opened->lines);
        self::assertStringContainsString('not part of your transactions', $opened->lines[0][1]);
        $returned = new Lines();
        Hookwright::open(static fn () => $kept, Hooks::config()->withLogger($returned))->onEvent(['type' => 'a.b'], 'acme');
        self::assertSame([], $returned->lines);
    }

    /** @dataProvider withoutFfi */
    public function testMissingFfiIsNamedBeforeTheLibrary(string ...$options): void
    {
        $program = <<<'PHP'
            require $argv[1];
            try {
                Hookwright\Hookwright::open(new Hookwright\Storage\MemoryStorage(), Hookwright\Tests\Support\Hooks::config())->eventTypes();
            } catch (Hookwright\Exception\InternalException $error) {
                echo $error->getMessage();
            }
            PHP;
        $command = [PHP_BINARY, ...$options, '-r', $program, '--', __DIR__ . '/bootstrap.php'];
        [, $output] = Program::run($command, ['HOOKWRIGHT_NATIVE' => '/no/such.so', 'HOOKWRIGHT_TEST_CACHE' => Hooks::cache()]);
        self::assertStringContainsString('FFI', $output);
        self::assertStringContainsString('intake', $output);
        self::assertStringNotContainsString('/no/such.so', $output);
        self::assertStringNotContainsString('musl', $output);
    }

    /** @return array<string, list<string>> */
    public static function withoutFfi(): array
    {
        // Without php.ini, the other extensions that the package needs are loaded by name.
        return [
            'not loaded' => ['-n', ...array_merge(...array_map(
                static fn (string $name): array => ['-d', "extension=$name"],
                array_values(array_filter(['pdo', 'ctype', 'tokenizer', 'posix'], static fn (string $name): bool =>
                    is_file(ini_get('extension_dir') . "/$name.so"))),
            ))],
            'forbidden' => ['-d', 'ffi.enable=0'],
        ];
    }
}
