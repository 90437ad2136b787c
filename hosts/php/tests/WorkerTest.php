<?php

declare(strict_types=1);

namespace Hookwright\Tests;

use Hookwright\Config;
use Hookwright\Hookwright;
use Hookwright\Intake;
use Hookwright\IntakeReader;
use Hookwright\Tests\Support\Databases;
use Hookwright\Tests\Support\Folder;
use Hookwright\Tests\Support\Hooks;
use Hookwright\Tests\Support\Program;
use Hookwright\Tests\Support\Receiver;
use Hookwright\Worker;
use PHPUnit\Framework\TestCase;

/** The command: a worker as a process, and the other commands. */
final class WorkerTest extends TestCase
{
    private const PATIENCE_S = 40;

    /** @dataProvider databases */
    public function testWorkerDeliversEventsOfOtherProcessesUntilSigterm(string $name): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect($name);
        $hookwright = Hooks::open($connection);
        IntakeReader::of($hookwright)->createSchema();
        $connection->query('DELETE FROM hookwright_intake');
        $hookwright->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        $worker = self::start(['worker', self::file($name), '--intake']);
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        (new Intake($connection))->onEvent(['type' => 'a.c'], 'acme');
        self::await(static fn (): bool => count($receiver->requests()) === 2);
        self::assertSame(0, self::stop($worker, SIGTERM));
    }

    public function testStoppedWorkerSettlesTheRequestInFlight(): void
    {
        $receiver = new Receiver();
        $hookwright = Hooks::open(Databases::connect('sqlite'));
        $webhook = $hookwright->register('acme', ['url' => $receiver->url('/slow/1500'), 'events' => ['*']]);
        $hookwright->onEvent(['type' => 'a.b'], 'acme');
        $worker = self::start(['worker', self::file('sqlite')]);
        self::await(static fn (): bool => $receiver->requests() !== []);
        self::assertSame([], $hookwright->attempts('acme', $webhook->id)->data, 'the request is in flight');
        self::assertSame(0, self::stop($worker, SIGTERM));
        self::assertSame('delivered', $hookwright->attempts('acme', $webhook->id)->data[0]->state);
    }

    public function testWorkerEndsAtItsLifetimeAndAtItsMemoryLimit(): void
    {
        Hooks::open(Databases::connect('sqlite'));
        $command = [PHP_BINARY, __DIR__ . '/../bin/hookwright', 'worker', self::file('sqlite')];
        Program::run([...$command, '--lifetime-s', '1'], self::environment());
        [, , $errors] = Program::run([...$command, '--memory-mb=1'], self::environment());
        self::assertStringContainsString('has reached its memory limit', $errors);
    }

    public function testDeliverReportsAcceptedAndDeliveredEvents(): void
    {
        $receiver = new Receiver();
        $connection = Databases::connect('sqlite');
        $hookwright = Hooks::open($connection);
        $hookwright->register('acme', ['url' => $receiver->url('/in'), 'events' => ['*']]);
        [, $output] = $this->command(['schema', self::file('sqlite'), '--intake']);
        self::assertSame('', $output);
        (new Intake($connection))->onEvent(['type' => 'a.c'], 'acme');
        [, $output] = $this->command(['deliver', self::file('sqlite'), '--intake']);
        self::assertSame("1 accepted, 1 routed, 1 attempts, 1 delivered\n", $output);
        self::assertCount(1, $receiver->requests());
    }

    public function testRefusedRowIsNamedAndCounted(): void
    {
        $connection = Databases::connect('sqlite');
        IntakeReader::of(Hooks::open($connection))->createSchema();
        $connection->exec('DELETE FROM hookwright_intake');
        $intake = new Intake($connection);
        $intake->onEvent(['type' => 'a.c'], 'acme');
        $intake->onEvent(['type' => 'no type'], 'acme');
        [, $output, $errors] = $this->command(['deliver', self::file('sqlite'), '--intake']);
        self::assertStringStartsWith('1 accepted, 1 refused, ', $output);
        self::assertMatchesRegularExpression('/^problem: the row \d+ of the intake \(tenant `acme`\) is refused: type: .*\n$/', $errors);
        $intake->onEvent('no JSON', 'acme');
        $command = ['worker', self::file('sqlite'), '--intake', '--lifetime-s', '1'];
        [, , $errors] = $this->command($command);
        $expected = '/^problem: the row \d+ of the intake .*\nthis worker has refused 1 rows of the intake/';
        self::assertMatchesRegularExpression($expected, $errors);
    }

    public function testMemoryOfTheProcessIsMeasuredInBytes(): void
    {
        $measured = (new \ReflectionMethod(Worker::class, 'memoryBytes'))->invoke(null);
        preg_match('/^VmRSS:\s*(\d+) kB/m', (string) file_get_contents('/proc/self/status'), $found);
        self::assertEqualsWithDelta((int) $found[1] * 1_024, $measured, 1_048_576);
    }

    public function testCompiledFileIsLoadedUnlessOthersCanWriteIt(): void
    {
        $to = Folder::make() . '/component.cwasm';
        $this->command(['compile', $to]);
        self::assertSame(0600, fileperms($to) & 0777);
        $connection = Databases::connect('sqlite');
        Databases::store($connection);
        $config = Config::sealedWith(Hooks::SEALING_KEY)->withCompiled($to);
        $hookwright = Hookwright::open($connection, $config);
        self::assertTrue($hookwright->onEvent(['type' => 'a.b'])->isNew);
        chmod($to, 0666);
        // Another proxy, so that the library opens another engine.
        $other = Hookwright::open($connection, $config->withProxy('http://127.0.0.1:1'));
        $this->expectExceptionMessage($to);
        $other->eventTypes();
    }

    public function testInvalidArgumentIsNamed(): void
    {
        $rows = [
            'no command' => [[], 'hookwright worker'],
            'no file' => [['worker'], 'FILE: is missing'],
            'a missing file' => [['worker', '/none.php'], '/none.php'],
            'an unknown option' => [['deliver', self::file('sqlite'), '--intakes'], '--intakes: is not an option'],
            'no number' => [['deliver', self::file('sqlite'), '--time-ms', 'x'], '--time-ms: takes a whole number, not `x`'],
            'a value too many' => [['deliver', self::file('sqlite'), '--intake=1'], '--intake: takes no value'],
            'a second file' => [['deliver', self::file('sqlite'), 'x.php'], 'x.php: is one argument too many'],
            'another file' => [['deliver', __DIR__ . '/../src/autoload.php'], 'returns no `Hookwright'],
        ];
        foreach ($rows as $name => [$arguments, $expected]) {
            [, , $errors] = $this->command($arguments, 2);
            self::assertStringContainsString($expected, $errors, $name);
        }
    }

    public function testExceptionOfTheFileIsReportedInOneLine(): void
    {
        $file = Folder::make() . '/hookwright.php';
        file_put_contents($file, "<?php\nreturn new PDO('sqlite:/no/such/folder/hooks.db');\n");
        $expected = '~^error: PDOException: .*unable to open database file.* \(.*/hookwright\.php:2\)\n$~';
        foreach (['worker', 'deliver', 'schema'] as $name) {
            [, $output, $errors] = $this->command([$name, $file], 1);
            self::assertSame('', $output);
            self::assertMatchesRegularExpression($expected, $errors);
        }
    }

    /** @dataProvider databases */
    public function testMissingTableIsReportedWithTheCommandThatCreatesIt(string $name): void
    {
        $connection = Databases::connect($name);
        Hooks::open($connection);
        $connection->query('DROP TABLE IF EXISTS hookwright_intake');
        $hint = '/^error: .*hookwright.* \(`hookwright schema FILE`.*--intake.*\)\n$/';
        self::assertMatchesRegularExpression($hint, $this->command(['deliver', self::file($name), '--intake'], 1)[2]);
        $connection->query('DROP TABLE hookwright');
        self::assertMatchesRegularExpression($hint, $this->command(['deliver', self::file($name)], 1)[2]);
    }

    /** @return array<string, array{string}> */
    public static function databases(): array
    {
        return array_intersect_key(Databases::all(), array_flip(['sqlite', 'postgres', 'mysqli']));
    }

    /**
     * @param list<string> $arguments
     * @return array{int, string, string}
     */
    private function command(array $arguments, int $code = 0): array
    {
        $command = [PHP_BINARY, __DIR__ . '/../bin/hookwright', ...$arguments];
        return Program::run($command, self::environment(), [$code]);
    }

    private static function file(string $name): string
    {
        $file = Folder::make() . '/hookwright.php';
        $bootstrap = var_export(__DIR__ . '/bootstrap.php', true);
        file_put_contents($file, "<?php require_once $bootstrap;\n"
            . 'return Hookwright\Tests\Support\Hooks::reopen(Hookwright\Tests\Support\Databases::connect(' . "'$name'));\n");
        return $file;
    }

    /** @return array<string, string> */
    private static function environment(): array
    {
        return Databases::environment() + ['HOOKWRIGHT_TEST_CACHE' => Hooks::cache()];
    }

    /**
     * @param list<string> $arguments
     * @return resource
     */
    private static function start(array $arguments)
    {
        $null = ['file', '/dev/null', 'r+'];
        $command = [PHP_BINARY, __DIR__ . '/../bin/hookwright', ...$arguments];
        $process = proc_open($command, [$null, $null, STDERR], $pipes, null, self::environment() + getenv());
        self::assertIsResource($process);
        return $process;
    }

    /** @param resource $process */
    private static function stop($process, int $signal): int
    {
        proc_terminate($process, $signal);
        $code = -1;
        self::await(static function () use ($process, &$code): bool {
            ['running' => $running, 'exitcode' => $code] = proc_get_status($process);
            return !$running;
        });
        return $code;
    }

    private static function await(callable $condition): void
    {
        $until = microtime(true) + self::PATIENCE_S;
        while (!$condition()) {
            self::assertLessThan($until, microtime(true), 'the condition does not come true');
            usleep(20_000);
        }
        self::assertTrue(true);
    }
}
