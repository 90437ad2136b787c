<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Closure;
use Hookwright\Storage\Storage;
use LogicException;
use Psr\Log\LoggerInterface;

/** What an instance imports, as the bridge asks for it: requests and answers as JSON. */
final class Host
{
    /**
     * @param ?Closure(string $level, string $message): void $log
     * @param ?Outside $outside for tests: another clock, other random bytes, another network
     */
    public function __construct(
        private readonly ?Storage $storage,
        private readonly ?Closure $log = null,
        private readonly ?Outside $outside = null,
    ) {
    }

    /** @return list<string> the imports that are served here; the others are the bridge's */
    public function serves(): array
    {
        return [
            ...($this->storage === null ? [] : ['storage']),
            ...($this->log === null ? [] : ['log']),
            // While the bridge waits for receivers PHP runs nothing, and no signal is handled: here it is.
            ...($this->storage !== null && function_exists('pcntl_signal') ? ['signal'] : []),
            ...($this->outside?->serves() ?? []),
        ];
    }

    /** Where log lines go for a PSR-3 logger. */
    public static function logTo(LoggerInterface $logger): Closure
    {
        return static function (string $level, string $message) use ($logger): void {
            $logger->log($level === 'warn' ? 'warning' : $level, $message);
        };
    }

    public function answer(string $request): string
    {
        $asked = Json::object($request);
        return Json::text(match ($asked['call']) {
            'get', 'scan', 'commit' => StorageCalls::answer($this->storage(), $asked),
            'signal' => ['ok' => 'none'],
            'log' => $this->logged($asked['level'], $asked['message']),
            default => ['ok' => $this->outside?->answer($asked)],
        });
    }

    private function storage(): Storage
    {
        return $this->storage ?? throw new LogicException('there is no storage here');
    }

    /** @return array{ok: null} */
    private function logged(string $level, string $message): array
    {
        ($this->log ?? static fn () => null)($level, $message);
        return ['ok' => null];
    }
}
