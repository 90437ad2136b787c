<?php

declare(strict_types=1);

namespace Hookwright;

use Closure;
use Hookwright\Exception\HookwrightException;
use Hookwright\Support\Limits;

/**
 * Delivers until it is stopped: `hookwright worker`, or a command of the platform.
 *
 * Any number of workers may work on one store. A worker that is killed loses nothing.
 */
final class Worker
{
    private bool $stopping = false;
    /** The rows of the intake that this worker has refused. */
    private int $refused = 0;

    /**
     * @param ?IntakeReader $intake an intake whose events the worker accepts too
     * @param int $memoryBytesMax returns when the process uses more memory, in bytes; its supervisor then starts a new one
     * @param int $lifetimeS returns after this time, in seconds; 0: never
     * @param ?Closure(string $line): mixed $report receives lines for the administrator
     */
    public function __construct(
        private readonly Hookwright $hookwright,
        private readonly ?IntakeReader $intake = null,
        private readonly int $memoryBytesMax = Limits::WORKER_MEMORY_BYTES_MAX,
        private readonly int $lifetimeS = 0,
        private readonly ?Closure $report = null,
    ) {
    }

    /**
     * Delivers. Returns when it is stopped or reaches a bound, after the requests in flight are settled.
     *
     * @throws HookwrightException if no call has succeeded for 30 s, because the connection may be lost for good
     */
    public function run(): void
    {
        try {
            $this->deliver();
        } finally {
            if ($this->refused > 0) {
                $this->report("this worker has refused $this->refused rows of the intake; the column `refused` has the reasons");
            }
        }
    }

    /** Starts nothing new, and lets `run` return after the requests in flight are settled. */
    public function stop(): void
    {
        $this->stopping = true;
        $this->hookwright->signalDrain();
    }

    /** Lets SIGTERM and SIGINT drain a `deliver`, if PHP has the extension pcntl. */
    public static function drainOnSystemSignals(Hookwright $hookwright): void
    {
        self::onSystemSignals($hookwright->signalDrain(...));
    }

    private function deliver(): void
    {
        self::onSystemSignals($this->stop(...));
        $begun = microtime(true);
        $succeeded = $begun;
        $backoffMs = Limits::WORKER_BACKOFF_MS_MIN;
        while (!$this->stopping) {
            try {
                $pauseMs = $this->round();
                $succeeded = microtime(true);
                $backoffMs = Limits::WORKER_BACKOFF_MS_MIN;
            } catch (HookwrightException $error) {
                $this->report("error: {$error->getMessage()}");
                if (microtime(true) - $succeeded > Limits::WORKER_FAILING_S_MAX) {
                    throw $error;
                }
                $pauseMs = $backoffMs;
                $backoffMs = min($backoffMs * 2, Limits::WORKER_BACKOFF_MS_MAX);
            }
            if ($this->lifetimeS > 0 && microtime(true) - $begun > $this->lifetimeS) {
                return;
            }
            if (self::memoryBytes() > $this->memoryBytesMax) {
                $this->report('this worker has reached its memory limit and ends');
                return;
            }
            $this->pause($pauseMs);
        }
    }

    /** @return int the time until the next round, in milliseconds */
    private function round(): int
    {
        $accepted = $this->acceptIntake();
        $timeMs = $this->intake === null ? Limits::WORKER_BUDGET_MS : Limits::WORKER_BUDGET_WITH_INTAKE_MS;
        $report = $this->hookwright->deliver($timeMs);
        foreach ($report->problems as $problem) {
            $this->report("problem: $problem");
        }
        if ($accepted === Limits::WORKER_INTAKE_ROWS_MAX) {
            return 0;
        }
        // Another worker may have leased what is due. Asking again at once would waste CPU time.
        $isIdle = $report->routed === 0 && $report->attempts === 0;
        $pauseMs = $isIdle ? max($report->nextDueMs, Limits::WORKER_YIELD_MS) : $report->nextDueMs;
        return $this->intake === null ? $pauseMs : min($pauseMs, Limits::WORKER_INTAKE_POLL_MS);
    }

    /** @return int the number of accepted events */
    private function acceptIntake(): int
    {
        try {
            return $this->intake?->accept(Limits::WORKER_INTAKE_ROWS_MAX) ?? 0;
        } finally {
            $refused = $this->intake?->takeRefused() ?? [];
            array_map(fn (string $line) => $this->report("problem: $line"), $refused);
            $this->refused += count($refused);
        }
    }

    private function pause(int $ms): void
    {
        // A signal of the system ends the pause.
        if (!$this->stopping && $ms > 0) {
            usleep($ms * 1_000);
        }
    }

    private function report(string $line): void
    {
        ($this->report ?? static fn () => null)($line);
    }

    private static function onSystemSignals(Closure $stop): void
    {
        if (!function_exists('pcntl_signal')) {
            return;
        }
        // PHP runs the handler between two of its statements. During a `deliver`, these are the statements of storage calls.
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT] as $signal) {
            pcntl_signal($signal, static fn () => $stop());
        }
    }

    /** Returns the memory of the process, most of which is not PHP's, in bytes. Without `/proc`, returns only PHP's. */
    private static function memoryBytes(): int
    {
        // In KiB, because `/proc/self/statm` counts pages, whose size differs between machines.
        $status = (string) @file_get_contents('/proc/self/status');
        return preg_match('/^VmRSS:\s*(\d+) kB$/m', $status, $found) === 1 ? (int) $found[1] * 1_024 : memory_get_usage(true);
    }
}
