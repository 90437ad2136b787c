<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Hookwright\Exception\TrapException;
use Hookwright\Native\Library;

/**
 * The instances of one configuration. Calls use one instance; a call that is made within another call gets a second one.
 *
 * @internal
 */
final class Instances
{
    /** @var list<Instance> without a call in progress */
    private array $idle = [];
    private ?Instance $delivering = null;
    private bool $draining = false;

    /**
     * @param array<string, mixed> $config the contract's `config`, in camelCase
     * @param string $engine the options of the engine as JSON
     */
    public function __construct(
        private readonly array $config,
        private readonly string $engine,
        private readonly Imports $imports,
    ) {
    }

    /**
     * Calls a function of the contract: `webhooks.get`.
     *
     * @param array<string, mixed> $arguments
     * @return string the result as JSON
     */
    public function call(string $function, array $arguments): string
    {
        Arguments::check($arguments);
        return $this->run(static fn (Instance $instance): string => $instance->call($function, $arguments));
    }

    /**
     * Calls a function of the contract that returns JSON as a text.
     *
     * @param array<string, mixed> $arguments
     * @return string the returned text
     */
    public function callForText(string $function, array $arguments): string
    {
        /** @var string */
        return json_decode($this->call($function, $arguments), false, 1, JSON_THROW_ON_ERROR);
    }

    /**
     * Calls `deliver`.
     *
     * @param array{timeMs: int, attemptsMax: int} $budget
     * @return string the report as JSON
     */
    public function deliver(array $budget): string
    {
        return $this->run(function (Instance $instance) use ($budget): string {
            $this->delivering = $instance;
            try {
                if ($this->draining) {
                    $instance->signalDrain();
                }
                return $instance->call('webhooks.deliver', ['budget' => $budget]);
            } finally {
                $this->delivering = null;
            }
        });
    }

    /** Signals the running `deliver` to drain, and every later one. */
    public function signalDrain(): void
    {
        $this->draining = true;
        $this->delivering?->signalDrain();
    }

    /** Writes a line of this package to the logger; without one, to PHP's error log. */
    public function report(string $level, string $message): void
    {
        $this->imports->report($level, $message);
    }

    /** Returns true if a logger is configured. */
    public function hasLogger(): bool
    {
        return $this->imports->hasLogger();
    }

    /** @param callable(Instance): string $run */
    private function run(callable $run): string
    {
        $instance = array_pop($this->idle);
        if ($instance === null || !$instance->belongsToThisProcess()) {
            $this->idle = [];
            $instance = new Instance(Library::load(), $this->engine, $this->config, $this->imports);
        }
        try {
            return $this->imports->withCause(static fn (): string => $run($instance));
        } catch (TrapException $trap) {
            $instance = null;
            throw $trap;
        } finally {
            if ($instance !== null) {
                $this->idle[] = $instance;
            }
        }
    }
}
