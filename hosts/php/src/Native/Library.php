<?php

declare(strict_types=1);

namespace Hookwright\Native;

use Closure;
use FFI;
use FFI\CData;
use Fiber;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\UnavailableException;
use LogicException;
use Throwable;
use WeakReference;

/**
 * The native bridge (`hosts/native`), loaded once in a process. Only this folder uses FFI.
 *
 * The bridge checks every handle. A closed handle, a call on the wrong thread and a handle from before a fork are errors of the bridge.
 *
 * @internal
 */
final class Library
{
    /** `SIGQUIT`, which ends a worker of php-fpm after its request. PHP has no constant for it without the extension pcntl. */
    private const SIGQUIT = 3;

    /** @var array<string, self> by path */
    private static array $loaded = [];
    /**
     * The stacks of the calls that have begun and not returned, innermost last.
     *
     * @var list<array{?Fiber, int}>
     */
    private static array $running = [];

    /** @var array<string, array{int, int}> process and handle of the engines, by their options */
    private array $engines = [];
    private readonly CData $answer;
    /** The host of all instances. PHP frees a C function only when the process or the request ends, so there is only one. */
    private readonly CData $host;
    /**
     * The functions that serve the imports of instances, by the context of the callback. Weak, because a function refers to objects of
     * the platform, and these may refer to the instance.
     *
     * @var array<int, WeakReference<Closure>>
     */
    private array $serving = [];
    /** @var array<int, int> the contexts, by instance */
    private array $contexts = [];
    private int $lastContext = 0;

    private function __construct(private readonly FFI $ffi)
    {
        $this->answer = $this->create('hw_answer');
        $this->host = $this->create('hw_host');
        $this->host->callback = $this->serve(...);
    }

    /** Loads the library at a path, or the one that `NativeFile` finds. */
    public static function load(?string $path = null): self
    {
        self::$loaded === [] && self::checkFfi();
        $path ??= NativeFile::find();
        return self::$loaded[$path] ??= self::open($path);
    }

    /** Compiles the component into a file, with the options of `hw_compile`. */
    public function compile(string $options): void
    {
        $this->take($this->ffi->hw_compile($options, strlen($options), FFI::addr($this->answer)));
    }

    /**
     * Returns an engine with these options. A process opens it once, and once more after a fork.
     *
     * @param Closure(string $problem): mixed $report receives what works, but not as configured
     */
    public function engine(string $options, Closure $report): int
    {
        $process = (int) getmypid();
        [$owner, $handle] = $this->engines[$options] ?? [0, 0];
        if ($owner !== $process) {
            $engine = $this->create('hw_engine');
            $status = $this->ffi->hw_engine_open($options, strlen($options), FFI::addr($engine), FFI::addr($this->answer));
            $answer = json_decode($this->take($status), true);
            array_map($report, $answer['problems'] ?? []);
            $handle = (int) $engine->cdata;
            $this->engines[$options] = [$process, $handle];
        }
        return $handle;
    }

    /**
     * Creates a configured instance.
     *
     * @param Closure(string): string $serve serves the imports: request and reply are JSON. The caller keeps it until the close.
     */
    public function instance(int $engine, string $options, Closure $serve): int
    {
        self::refuseOtherStack();
        $context = $this->lastContext += 1;
        $this->serving[$context] = WeakReference::create($serve);
        $this->host->context = $this->ffi->cast('void *', $context);
        $instance = $this->create('hw_instance');
        try {
            $this->take($this->ffi->hw_instance_new(
                $engine,
                $options,
                strlen($options),
                FFI::addr($this->host),
                FFI::addr($instance),
                FFI::addr($this->answer),
            ));
        } catch (HookwrightException $error) {
            unset($this->serving[$context]);
            throw $error;
        }
        $this->contexts[(int) $instance->cdata] = $context;
        return (int) $instance->cdata;
    }

    /** Calls a function of the contract. Arguments and result are JSON. */
    public function call(int $instance, string $function, string $arguments): string
    {
        self::refuseOtherStack();
        // A new struct, because a callback may call another instance before this call returns.
        $answer = $this->create('hw_answer');
        self::$running[] = self::stack();
        $status = $this->ffi->hw_call(
            $instance,
            $function,
            strlen($function),
            $arguments,
            strlen($arguments),
            FFI::addr($answer),
        );
        array_pop(self::$running);
        return $this->take($status, $answer);
    }

    /** Signals the running `deliver` of an instance to drain. */
    public function signalDrain(int $instance): void
    {
        $answer = $this->create('hw_answer');
        $this->take($this->ffi->hw_instance_signal_drain($instance, FFI::addr($answer)), $answer);
    }

    /** Closes an instance. */
    public function close(int $instance): void
    {
        // Forgotten in any case: after a fork the bridge keeps the instance, but never calls it.
        unset($this->serving[$this->contexts[$instance] ?? 0], $this->contexts[$instance]);
        $this->take($this->ffi->hw_instance_close($instance, FFI::addr($this->answer)));
    }

    /** Fails if PHP has no FFI, or forbids it here. Checked before the path, which depends on the C library that only FFI can tell. */
    private static function checkFfi(): void
    {
        if (!extension_loaded('ffi')) {
            throw new InternalException(
                null,
                "PHP's extension FFI is not loaded",
                'install it (php-common on Debian), or use the intake, which needs no FFI',
            );
        }
        try {
            FFI::cdef('');
        } catch (Throwable $error) {
            throw new InternalException(
                null,
                "PHP does not let this package use FFI: {$error->getMessage()}",
                'set `ffi.enable = true`, or preload `preload.php` of this package (docs/php-host.md), or use the intake',
                $error,
            );
        }
    }

    private static function open(string $path): self
    {
        try {
            // A library of another release may lack other functions.
            $abi = FFI::cdef('uint32_t hw_abi(void);', $path)->hw_abi();
        } catch (Throwable $error) {
            $hint = 'use the library of this package for this machine';
            throw new InternalException(null, "cannot load `$path`: {$error->getMessage()}", $hint, $error);
        }
        if ($abi !== Declarations::ABI) {
            throw new InternalException(
                null,
                "`$path` has version $abi of the interface instead of " . Declarations::ABI,
                'use package and library of the same release',
            );
        }
        $ffi = FFI::cdef(Declarations::C, $path);
        register_shutdown_function(static fn () => self::abandon($ffi));
        return new self($ffi);
    }

    /**
     * Makes the library refuse calls after a fatal error of PHP within a callback (memory, time, `exit`). Such an error skips the library's
     * frames, which leaves them behind. A php-fpm worker then ends, and php-fpm replaces it. Under other servers, the library refuses the
     * calls of later requests until the process ends.
     */
    private static function abandon(FFI $ffi): void
    {
        if (self::$running === []) {
            return;
        }
        $ffi->hw_abandon();
        $ends = PHP_SAPI === 'fpm-fcgi' && function_exists('posix_kill');
        if (PHP_SAPI !== 'cli') {
            error_log('hookwright: a fatal error within a storage call; ' . ($ends
                ? 'this worker ends after its request'
                : 'this process can make no further calls of Hookwright: restart it'));
        }
        if ($ends) {
            posix_kill((int) getmypid(), self::SIGQUIT);
        }
    }

    /** Fails if a call that has not returned is on another stack. Calls on a thread must return in the reverse order of their begin. */
    private static function refuseOtherStack(): void
    {
        if (self::$running !== [] && end(self::$running) !== self::stack()) {
            throw new UnavailableException(
                null,
                'a call of Hookwright in another fiber or coroutine has not returned: it was suspended during a call of the store',
                'let that call return before the next one, for example with a mutex around the calls',
            );
        }
    }

    /** @return array{?Fiber, int} the fiber, and Swoole's number of the coroutine */
    private static function stack(): array
    {
        $coroutine = -1;
        foreach (['Swoole\\Coroutine', 'OpenSwoole\\Coroutine'] as $class) {
            $coroutine = class_exists($class, false) ? (int) $class::getCid() : $coroutine;
        }
        return [Fiber::getCurrent(), $coroutine];
    }

    /** Serves a request of an instance. Catches everything: an exception that leaves the callback would end the process. */
    private function serve(CData $context, CData $request, int $length, int $reply): int
    {
        try {
            // Casting the pointer itself to a number would read the memory behind it.
            $serve = $this->serving[$this->ffi->cast('uintptr_t *', FFI::addr($context))[0]]->get();
            $text = ($serve ?? throw new LogicException('the instance is closed'))(FFI::string($request, $length));
            $status = 0;
        } catch (Throwable $error) {
            $text = $error::class . ': ' . $error->getMessage();
            $status = 1;
        }
        $this->ffi->hw_reply_set($reply, $text, strlen($text));
        return $status;
    }

    private function create(string $type): CData
    {
        return $this->ffi->new($type) ?? throw new InternalException(null, "FFI cannot create `$type`");
    }

    /** Returns an answer as text and frees it. Throws an error as its exception. */
    private function take(int $status, ?CData $answer = null): string
    {
        $answer ??= $this->answer;
        $text = FFI::string($answer->data, $answer->len);
        $this->ffi->hw_free(FFI::addr($answer));
        return $status === Declarations::OK ? $text : throw Errors::exception($status, $text);
    }
}
