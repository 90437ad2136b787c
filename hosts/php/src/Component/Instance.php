<?php

declare(strict_types=1);

namespace Hookwright\Component;

use Closure;
use Hookwright\Native\Library;
use Hookwright\Support\Json;
use Throwable;

/**
 * A configured instance of the component. Destroying the object closes the instance.
 *
 * @internal
 */
final class Instance
{
    /** Never read. It keeps the function alive, to which the library has only a weak reference. */
    // @phpstan-ignore-next-line
    private readonly Closure $serve;
    private readonly int $handle;
    private readonly int $process;

    /** @param array<string, mixed> $config the contract's `config`, in camelCase */
    public function __construct(private readonly Library $library, string $engine, array $config, Imports $imports)
    {
        $options = Json::encode(['config' => $config, 'callback' => $imports->names()]);
        $this->serve = $imports->serve(...);
        $this->handle = $library->instance(
            $library->engine($engine, static fn (string $problem) => $imports->report('warning', $problem)),
            $options,
            $this->serve,
        );
        $this->process = (int) getmypid();
    }

    public function __destruct()
    {
        try {
            $this->library->close($this->handle);
        } catch (Throwable) {
            // A destructor cannot report an error, and nothing is lost: all state is in the storage.
        }
    }

    /**
     * Calls a function of the contract.
     *
     * @param array<string, mixed> $arguments by the names of the contract's parameters, in camelCase
     * @return string the result as JSON
     */
    public function call(string $function, array $arguments): string
    {
        return $this->library->call($this->handle, $function, $arguments === [] ? '{}' : Json::encode($arguments));
    }

    /** Signals the running `deliver` to drain. */
    public function signalDrain(): void
    {
        $this->library->signalDrain($this->handle);
    }

    /** Returns true if this process created the instance. After a fork, the child cannot use it. */
    public function belongsToThisProcess(): bool
    {
        return $this->process === getmypid();
    }
}
