<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InvalidException;
use Hookwright\Hookwright;
use Hookwright\Internal\Ffi\Library;
use Hookwright\IntakeDrain;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Worker;
use Throwable;

/** `bin/hookwright`: the pump as a process of its own, and what a deployment needs. */
final class Command
{
    private const HELP = <<<'TEXT'
        hookwright worker FILE     delivers until SIGTERM or SIGINT, which let what is in flight be settled
            --intake               drains the intake table as well
            --memory-mb N          ends in order when the process has so many MiB (256); its supervisor starts it anew
            --lifetime-s N         ends in order after so many seconds; 0: never (0)
        hookwright deliver FILE    one round, for cron
            --time-ms N            starts nothing new after so many milliseconds (50000)
            --intake               drains the intake table first
        hookwright schema FILE     makes the tables, outside any transaction
            --intake               that of the intake as well
        hookwright compile TO      compiles the component into a file, for `compiled` of `Hookwright::open`
        hookwright storage-driver FILE [ARGUMENT...]
                                   serves a store to the storage kit; FILE returns a function that makes it
        hookwright --help          this

        FILE is PHP that returns a `Hookwright\Hookwright`: with your connection, your profile and your sealing key.
        The exit code is 0 if all went well, 1 after a failure, 2 for a call that is none of these.

        TEXT;

    /** @param list<string> $arguments */
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
            self::say("error: {$error->getMessage()}");
            return $error instanceof InvalidException ? 2 : 1;
        } catch (Throwable $error) {
            // Of FILE itself, most likely: whoever reads the mails of cron wants to know where.
            self::say(sprintf(
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
        $options = Options::read($arguments, ['intake' => false, 'memory-mb' => 256, 'lifetime-s' => 0]);
        $hooks = self::hooks($options);
        $worker = new Worker(
            $hooks,
            self::drain($options, $hooks),
            (int) $options->value('memory-mb') * 1_048_576,
            (int) $options->value('lifetime-s'),
            self::say(...),
        );
        $worker->run();
        return 0;
    }

    /** @param list<string> $arguments */
    private static function deliver(array $arguments): int
    {
        $options = Options::read($arguments, ['intake' => false, 'time-ms' => 50_000]);
        $hooks = self::hooks($options);
        Worker::drainOnSignals($hooks);
        $drained = self::drain($options, $hooks)?->drain() ?? 0;
        $report = $hooks->deliver((int) $options->value('time-ms'));
        foreach ($report->problems as $problem) {
            self::say("problem: $problem");
        }
        printf(
            "%s%d routed, %d attempts, %d delivered\n",
            $options->value('intake') === true ? "$drained drained, " : '',
            $report->routed,
            $report->attempts,
            $report->delivered,
        );
        return 0;
    }

    /** @param list<string> $arguments */
    private static function schema(array $arguments): int
    {
        $options = Options::read($arguments, ['intake' => false]);
        $hooks = self::hooks($options);
        $hooks->storage()->createSchema();
        self::drain($options, $hooks)?->createSchema();
        return 0;
    }

    /** @param list<string> $arguments */
    private static function compile(array $arguments): int
    {
        $to = Options::read($arguments, [])->operand('TO');
        Library::load()->compile(Json::text(['to' => $to]));
        return 0;
    }

    /** @param list<string> $arguments */
    private static function storageDriver(array $arguments): int
    {
        $file = array_shift($arguments) ?? throw new InvalidException('FILE', 'is missing', '`hookwright --help`');
        $make = self::required($file);
        $storage = is_callable($make) ? $make(...$arguments) : $make;
        if (!$storage instanceof Storage) {
            throw new InvalidException('FILE', "`$file` returns no function that makes a `Storage`");
        }
        StorageDriver::drive($storage, STDIN, STDOUT);
        return 0;
    }

    private static function hooks(Options $options): Hookwright
    {
        $file = $options->operand('FILE');
        $hooks = self::required($file);
        return $hooks instanceof Hookwright
            ? $hooks
            : throw new InvalidException('FILE', "`$file` returns no `Hookwright\\Hookwright`", 'end it with `return $hooks;`');
    }

    private static function drain(Options $options, Hookwright $hooks): ?IntakeDrain
    {
        return $options->value('intake') === true ? IntakeDrain::of($hooks) : null;
    }

    private static function required(string $file): mixed
    {
        if (!is_file($file)) {
            throw new InvalidException('FILE', "there is no file `$file`", '`hookwright --help` says what it is');
        }
        return (static fn () => require func_get_arg(0))(realpath($file));
    }

    /** Databases tell in several lines, and not what makes the tables. */
    private static function say(string $line): void
    {
        $missing = '/no such table: hookwright|(table|relation) \S*hookwright\S* (does not|doesn\'t) exist/i';
        $hint = preg_match($missing, $line) === 1 ? ' (`hookwright schema FILE` makes the tables, with --intake that of the intake)' : '';
        fwrite(STDERR, preg_replace('/\s+/', ' ', $line) . "$hint\n");
    }

    /** @param resource $to */
    private static function help($to, int $code): int
    {
        fwrite($to, self::HELP);
        return $code;
    }
}
