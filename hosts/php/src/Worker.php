<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Exception\HookwrightException;
use Hookwright\Internal\Limits;

/**
 * Delivers for as long as the process lives: `hookwright worker`, or a command of the platform's own. Any number may work on one
 * store, and one that is killed loses nothing.
 */
final class Worker
{
    private bool $stopping = false;

    /**
     * @param ?IntakeDrain $intake drained as well
     * @param int $memoryBytesMax ends in order when the process has so many; its supervisor starts it anew
     * @param int $lifetimeS ends in order after so many seconds; 0: never
     * @param ?Closure(string $line): mixed $say what an operator should see
     */
    public function __construct(
        private readonly Hookwright $hooks,
        private readonly ?IntakeDrain $intake = null,
        private readonly int $memoryBytesMax = 268_435_456,
        private readonly int $lifetimeS = 0,
        private readonly ?Closure $say = null,
    ) {
    }

    /**
     * Returns when it was asked to stop, or when one of its bounds is reached; what was in flight has been settled then.
     *
     * @throws HookwrightException if nothing has succeeded for half a minute: the connection may be lost for good
     */
    public function run(): void
    {
        self::onSignals($this->stop(...));
        $begun = microtime(true);
        $succeeded = $begun;
        $pauseMs = Limits::WORKER_BACKOFF_MS_MIN;
        while (!$this->stopping) {
            try {
                $dueMs = $this->round();
                $succeeded = microtime(true);
                $pauseMs = Limits::WORKER_BACKOFF_MS_MIN;
            } catch (HookwrightException $error) {
                ($this->say ?? static fn () => null)("error: {$error->getMessage()}");
                if (microtime(true) - $succeeded > Limits::WORKER_FAILING_S_MAX) {
                    throw $error;
                }
                $dueMs = $pauseMs;
                $pauseMs = min($pauseMs * 2, Limits::WORKER_BACKOFF_MS_MAX);
            }
            if ($this->lifetimeS > 0 && microtime(true) - $begun > $this->lifetimeS) {
                return;
            }
            if (self::memoryBytes() > $this->memoryBytesMax) {
                ($this->say ?? static fn () => null)('this process has grown to its bound, and ends in order');
                return;
            }
            $this->sleep($dueMs);
        }
    }

    /** Starts nothing new, and lets `run` return when what is in flight has been settled. */
    public function stop(): void
    {
        $this->stopping = true;
        $this->hooks->drain();
    }

    /** Lets SIGTERM and SIGINT end a `deliver` in order, where PHP has signals. */
    public static function drainOnSignals(Hookwright $hooks): void
    {
        self::onSignals($hooks->drain(...));
    }

    /** @return int milliseconds until there is something to do */
    private function round(): int
    {
        $drained = $this->intake?->drain(Limits::WORKER_DRAIN_ROWS_MAX) ?? 0;
        $timeMs = $this->intake === null ? Limits::WORKER_BUDGET_MS : Limits::WORKER_BUDGET_WITH_INTAKE_MS;
        $report = $this->hooks->deliver($timeMs);
        foreach ($report->problems as $problem) {
            ($this->say ?? static fn () => null)("problem: $problem");
        }
        if ($drained === Limits::WORKER_DRAIN_ROWS_MAX) {
            return 0;
        }
        // Where another worker has what is due, asking at once would only keep the machine warm.
        $isIdle = $report->routed === 0 && $report->attempts === 0;
        $dueMs = $isIdle ? max($report->nextDueMs, Limits::WORKER_YIELD_MS) : $report->nextDueMs;
        return $this->intake === null ? $dueMs : min($dueMs, Limits::WORKER_INTAKE_POLL_MS);
    }

    private function sleep(int $ms): void
    {
        // A signal ends it early.
        if (!$this->stopping && $ms > 0) {
            usleep($ms * 1_000);
        }
    }

    private static function onSignals(Closure $stop): void
    {
        if (!function_exists('pcntl_signal')) {
            return;
        }
        // They are handled between two statements of PHP, those of the store's calls included, while `deliver` is under way.
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT] as $signal) {
            pcntl_signal($signal, static fn () => $stop());
        }
    }

    /** What the process has in memory, where the system tells: most of it is not PHP's. */
    private static function memoryBytes(): int
    {
        $pages = @file_get_contents('/proc/self/statm');
        return $pages === false ? memory_get_usage(true) : (int) explode(' ', $pages)[1] * 4_096;
    }
}
