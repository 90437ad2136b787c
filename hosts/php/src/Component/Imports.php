<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Closure;
use Hookwright\Storage\Storage;
use Hookwright\Support\Json;
use LogicException;
use Psr\Log\LoggerInterface;

/**
 * Serves the imports of an instance: storage, log lines and the system's signals. Requests and replies are JSON.
 *
 * @internal
 */
final class Imports
{
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

    /** Serves a request. */
    public function serve(string $json): string
    {
        /** @var array<string, mixed> $request */
        $request = Json::decode($json);
        return Json::encode(match ($request['call']) {
            'get', 'scan', 'commit' => StorageCalls::serve($this->storage(), $request),
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
