<?php

declare(strict_types=1);

namespace Hookwright\Internal;

use Closure;
use Hookwright\Internal\Ffi\Library;
use Throwable;

/** A configured instance of the component, closed when nobody holds it any more. */
final class Instance
{
    /** Never read, but held: the library has it weakly. */
    // @phpstan-ignore-next-line
    private readonly Closure $serve;
    private readonly int $handle;
    private readonly int $process;

    /** @param array<string, mixed> $config in the words of the contract's `config`, in camelCase */
    public function __construct(private readonly Library $library, string $engine, array $config, Host $host)
    {
        $options = Json::text(['config' => $config, 'callback' => $host->serves()]);
        $this->serve = $host->answer(...);
        $this->handle = $library->instance($library->engine($engine), $options, $this->serve);
        $this->process = (int) getmypid();
    }

    public function __destruct()
    {
        try {
            $this->library->close($this->handle);
        } catch (Throwable) {
            // A destructor has nobody to tell, and all state is in the storage.
        }
    }

    /**
     * @param array<string, mixed> $arguments by the names of the contract's parameters; null where there is none
     */
    public function call(string $function, array $arguments): string
    {
        return $this->library->call($this->handle, $function, $arguments === [] ? '{}' : Json::text($arguments));
    }

    public function drain(): void
    {
        $this->library->drain($this->handle);
    }

    /** Whether it was made in this process: after a fork it cannot be used. */
    public function isOurs(): bool
    {
        return $this->process === getmypid();
    }
}
