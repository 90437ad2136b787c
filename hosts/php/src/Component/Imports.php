<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Closure;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\TransactionAbortedException;
use Hookwright\Exception\UnavailableException;
use Hookwright\Storage\Storage;
use Hookwright\Storage\StorageException;
use Hookwright\Support\Json;
use LogicException;
use Psr\Log\LoggerInterface;
use Throwable;

/**
 * Serves the imports of an instance: storage, log lines and the system's signals. Requests and replies are JSON.
 *
 * @internal
 */
final class Imports
{
    /** The exception of the last storage call that failed. */
    private ?Throwable $failure = null;

    /**
     * @param ?Closure(string $level, string $message): void $log
     * @param ?TestImports $test clock, random bytes or network for tests
     */
    public function __construct(
        private readonly ?Storage $storage,
        private readonly ?Closure $log = null,
        private readonly ?TestImports $test = null,
    ) {
    }

    /** @return list<string> the imports that this object serves; the bridge serves the others */
    public function names(): array
    {
        return [
            ...($this->storage === null ? [] : ['storage']),
            ...($this->log === null ? [] : ['log']),
            // While the bridge waits for receivers, PHP runs no code and handles no signal of the system. This import lets it.
            ...($this->storage !== null && function_exists('pcntl_signal') ? ['signal'] : []),
            ...($this->test?->names() ?? []),
        ];
    }

    /** Returns a function that writes log lines to a PSR-3 logger. */
    public static function logTo(LoggerInterface $logger): Closure
    {
        return static function (string $level, string $message) use ($logger): void {
            $logger->log($level === 'warn' ? 'warning' : $level, $message);
        };
    }

    /** Writes a line of this package to the logger; without one, to PHP's error log. */
    public function report(string $level, string $message): void
    {
        ($this->log ?? static fn (string $level, string $line): bool => error_log("hookwright: $line"))($level, $message);
    }

    /** Returns true if a logger is configured. */
    public function hasLogger(): bool
    {
        return $this->log !== null;
    }

    /**
     * Runs a call. An exception that a failed storage call may have caused gets its exception as the previous one.
     *
     * @template T
     * @param callable(): T $call
     * @return T
     */
    public function withCause(callable $call): mixed
    {
        // A call may be made within another.
        $outer = $this->failure;
        $this->failure = null;
        try {
            return $call();
        } catch (UnavailableException | TransactionAbortedException | InternalException $error) {
            $hint = $this->failure instanceof StorageException ? $this->failure->hint : null;
            throw $error->withPrevious($this->failure, $hint);
        } finally {
            $this->failure = $outer;
        }
    }

    /** Serves a request. */
    public function serve(string $json): string
    {
        /** @var array<string, mixed> $request */
        $request = Json::decode($json);
        return Json::encode(match ($request['call']) {
            'get', 'scan', 'commit' => StorageCalls::serve($this->storage(), $request, $this->failure),
            'signal' => ['ok' => 'none'],
            'log' => $this->log($request['level'], $request['message']),
            default => ['ok' => $this->test?->serve($request)],
        });
    }

    private function storage(): Storage
    {
        return $this->storage ?? throw new LogicException('this instance has no storage');
    }

    /** @return array{ok: null} */
    private function log(string $level, string $message): array
    {
        ($this->log ?? static fn () => null)($level, $message);
        return ['ok' => null];
    }
}
