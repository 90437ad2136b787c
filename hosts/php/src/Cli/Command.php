<?php

declare(strict_types=1);

namespace Hookwright\Cli;

use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Hookwright;
use Hookwright\IntakeReader;
use Hookwright\Native\Library;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Json;
use Hookwright\Support\Limits;
use Hookwright\Worker;
use Throwable;

/**
 * The command `bin/hookwright`: a worker, and the steps of a deployment.
 *
 * @internal
 */
final class Command
{
    private const HELP = <<<'TEXT'
        hookwright worker FILE     Delivers until SIGTERM or SIGINT, and settles the requests in flight before it exits.
            --intake               Also accepts the events in the intake table.
            --memory-mb N          Exits when the process uses N MiB, so that its supervisor restarts it (default 256).
            --lifetime-s N         Exits after N seconds; 0: never (default 0).
        hookwright deliver FILE    Delivers once. For cron.
            --time-ms N            Starts no attempt after N milliseconds (default 50000).
            --intake               First accepts the events in the intake table.
        hookwright schema FILE     Creates the table, outside any transaction.
            --intake               Also creates the intake table.
        hookwright compile TO      Compiles the component into a file, for `Config::withCompiled`.
        hookwright storage-driver FILE [ARGUMENT...]
                                   Serves a store to the storage kit. FILE returns a function that creates the store.
        hookwright --help          Prints this help.

        FILE is a PHP file that returns a `Hookwright\Hookwright` with your connection and configuration.
        The exit code is 0 on success, 1 after a failure, 2 for invalid arguments.

        TEXT;

    private const MIB = 1_048_576;
    /** The error of a database for a missing table. */
    private const MISSING_TABLE = '/no such table: hookwright|(table|relation) \S*hookwright\S* (does not|doesn\'t) exist/i';

    /**
     * Runs a command. Returns the exit code.
     *
     * @param list<string> $arguments
     */
    public static function run(array $arguments): int
    {
        $name = array_shift($arguments) ?? '';
        try {
            return match ($name) {
                'worker' => self::worker($arguments),
                'deliver' => self::deliver($arguments),
                'schema' => self::schema($arguments),
                'compile' => self::compile($arguments),
                'storage-driver' => self::storageDriver($arguments),
                '--help', '-h', 'help' => self::help(STDOUT, 0),
                default => self::help(STDERR, 2),
            };
        } catch (HookwrightException | StorageException $error) {
            self::report("error: {$error->getMessage()}");
            return $error instanceof InvalidException ? 2 : 1;
        } catch (Throwable $error) {
            // Most likely an error of FILE, so the place is reported too.
            self::report(sprintf(
                'error: %s: %s (%s:%d)',
                $error::class,
                $error->getMessage(),
                $error->getFile(),
                $error->getLine(),
            ));
            return 1;
        }
    }

    /** @param list<string> $arguments */
    private static function worker(array $arguments): int
    {
        $defaults = ['intake' => false, 'memory-mb' => intdiv(Limits::WORKER_MEMORY_BYTES_MAX, self::MIB), 'lifetime-s' => 0];
        $options = CommandOptions::parse($arguments, $defaults);
        $hookwright = self::hookwright($options);
        $worker = new Worker(
            $hookwright,
            self::intake($options, $hookwright),
            $options->value('memory-mb') * self::MIB,
            $options->value('lifetime-s'),
            self::report(...),
        );
        $worker->run();
        return 0;
    }

    /** @param list<string> $arguments */
    private static function deliver(array $arguments): int
    {
        $options = CommandOptions::parse($arguments, ['intake' => false, 'time-ms' => 50_000]);
        $hookwright = self::hookwright($options);
        Worker::drainOnSystemSignals($hookwright);
        $reader = self::intake($options, $hookwright);
        $accepted = $reader?->accept() ?? 0;
        $refused = $reader?->takeRefused() ?? [];
        array_map(static fn (string $line) => self::report("problem: $line"), $refused);
        $report = $hookwright->deliver($options->value('time-ms'));
        foreach ($report->problems as $problem) {
            self::report("problem: $problem");
        }
        printf(
            "%s%d routed, %d attempts, %d delivered\n",
            $reader === null ? '' : "$accepted accepted, " . ($refused === [] ? '' : count($refused) . ' refused, '),
            $report->routed,
            $report->attempts,
            $report->delivered,
        );
        return 0;
    }

    /** @param list<string> $arguments */
    private static function schema(array $arguments): int
    {
        $options = CommandOptions::parse($arguments, ['intake' => false]);
        $hookwright = self::hookwright($options);
        $hookwright->storage()->createSchema();
        self::intake($options, $hookwright)?->createSchema();
        return 0;
    }

    /** @param list<string> $arguments */
    private static function compile(array $arguments): int
    {
        $to = CommandOptions::parse($arguments, [])->operand('TO');
        Library::load()->compile(Json::encode(['to' => $to]));
        return 0;
    }

    /** @param list<string> $arguments */
    private static function storageDriver(array $arguments): int
    {
        $file = array_shift($arguments) ?? throw new InvalidException('FILE', 'is missing', 'see `hookwright --help`');
        $create = self::load($file);
        $storage = is_callable($create) ? $create(...$arguments) : $create;
        if (!$storage instanceof Storage) {
            throw new InvalidException('FILE', "`$file` returns no function that creates a `Storage`");
        }
        StorageDriver::run($storage, STDIN, STDOUT);
        return 0;
    }

    private static function hookwright(CommandOptions $options): Hookwright
    {
        $file = $options->operand('FILE');
        $hookwright = self::load($file);
        return $hookwright instanceof Hookwright
            ? $hookwright
            : throw new InvalidException('FILE', "`$file` returns no `Hookwright\\Hookwright`", 'end it with `return $hookwright;`');
    }

    private static function intake(CommandOptions $options, Hookwright $hookwright): ?IntakeReader
    {
        return $options->isSet('intake') ? IntakeReader::of($hookwright) : null;
    }

    /** Returns the value that a file returns. */
    private static function load(string $file): mixed
    {
        if (!is_file($file)) {
            throw new InvalidException('FILE', "`$file` does not exist", 'see `hookwright --help`');
        }
        // In a static function, the file has no access to this class's variables.
        return (static fn () => require func_get_arg(0))(realpath($file));
    }

    /** Writes one line to stderr, with a hint if a table is missing. Databases write errors in several lines. */
    private static function report(string $line): void
    {
        $hint = preg_match(self::MISSING_TABLE, $line) === 1
            ? ' (`hookwright schema FILE` creates the table, with --intake also that of the intake)'
            : '';
        fwrite(STDERR, preg_replace('/\s+/', ' ', $line) . "$hint\n");
    }

    /** @param resource $stream */
    private static function help($stream, int $code): int
    {
        fwrite($stream, self::HELP);
        return $code;
    }
}
