<?php

declare(strict_types=1);

namespace Hookwright\Internal\Ffi;

use Closure;
use FFI;
use FFI\CData;
use Hookwright\Exception\HookwrightException;
use Hookwright\Exception\InternalException;
use Hookwright\Exception\InvalidException;
use Hookwright\Exception\TrapException;
use LogicException;
use Throwable;
use WeakReference;

/**
 * The native bridge (`hosts/native`), loaded once: the only file that touches FFI. Nothing of it is seen outside this namespace.
 *
 * All addresses are the bridge's to judge: a handle that is closed, a call on the wrong thread or after a fork is an error of its own.
 */
final class Library
{
    private const ABI = 1;
    private const OK = 0;
    private const REFUSED = 1;
    private const TRAPPED = 2;

    /** `hosts/native/include/hookwright.h` without its comments. FFI reads no preprocessor's lines. */
    public const DECLARATIONS = <<<'C'
        typedef uint64_t hw_engine;
        typedef uint64_t hw_instance;
        typedef uint64_t hw_reply;
        typedef struct hw_answer {
          const uint8_t *data;
          size_t len;
          uint64_t token;
        } hw_answer;
        typedef int32_t (*hw_callback)(void *context, const uint8_t *request, size_t request_len, hw_reply reply);
        uint32_t hw_abi(void);
        int32_t hw_version(hw_answer *answer);
        int32_t hw_engine_open(const char *options, size_t options_len, hw_engine *engine, hw_answer *answer);
        int32_t hw_engine_close(hw_engine engine, hw_answer *answer);
        int32_t hw_compile(const char *options, size_t options_len, hw_answer *answer);
        int32_t hw_instance_new(hw_engine engine, const char *options, size_t options_len, hw_callback callback, void *context,
                                hw_instance *instance, hw_answer *answer);
        int32_t hw_call(hw_instance instance, const char *function, size_t function_len, const char *arguments,
                        size_t arguments_len, hw_answer *answer);
        int32_t hw_instance_wake(hw_instance instance, hw_answer *answer);
        int32_t hw_instance_drain(hw_instance instance, hw_answer *answer);
        int32_t hw_instance_close(hw_instance instance, hw_answer *answer);
        int32_t hw_reply_set(hw_reply reply, const char *bytes, size_t len);
        int32_t hw_free(hw_answer *answer);
        C;

    /** `SIGQUIT`, by which a worker of php-fpm ends after its request. PHP has no name for it without `pcntl`. */
    private const END_OF_WORKER = 3;

    /** @var array<string, self> by path */
    private static array $loaded = [];
    /** Calls that have begun and not come back. */
    private static int $running = 0;

    /** @var array<string, array{int, int}> the process and the handle, by options */
    private array $engines = [];
    private readonly CData $answer;
    /** One for all instances: PHP frees a function that C may call only when the process, or the request, ends. */
    private readonly CData $callback;
    /**
     * What answers an instance's imports, by the context that its callback is given. Weak: it leads to the platform's objects, and these
     * may lead back to the instance.
     *
     * @var array<int, WeakReference<Closure>>
     */
    private array $serving = [];
    /** @var array<int, int> the contexts, by instance */
    private array $contexts = [];
    private int $lastContext = 0;

    private function __construct(private readonly FFI $ffi, public readonly string $path)
    {
        $this->answer = $this->made('hw_answer');
        $this->callback = $this->made('hw_callback[1]');
        $this->callback[0] = $this->serve(...);
    }

    /** The library at this path, or where `NativeFile` finds it. */
    public static function load(?string $path = null): self
    {
        $path ??= NativeFile::find();
        return self::$loaded[$path] ??= self::open($path);
    }

    /** @return array<string, mixed> what the library is */
    public function version(): array
    {
        $status = $this->ffi->hw_version(FFI::addr($this->answer));
        /** @var array<string, mixed> */
        return json_decode($this->taken($status), true, 8, JSON_THROW_ON_ERROR);
    }

    /** Compiles the component into a file, as `compiled` of an engine. */
    public function compile(string $options): void
    {
        $this->taken($this->ffi->hw_compile($options, strlen($options), FFI::addr($this->answer)));
    }

    /** An engine of these options (JSON): the same one each time, but for after a fork. */
    public function engine(string $options): int
    {
        $process = (int) getmypid();
        [$owner, $handle] = $this->engines[$options] ?? [0, 0];
        if ($owner !== $process) {
            $engine = $this->made('hw_engine');
            $this->taken($this->ffi->hw_engine_open($options, strlen($options), FFI::addr($engine), FFI::addr($this->answer)));
            $handle = (int) $engine->cdata;
            $this->engines[$options] = [$process, $handle];
        }
        return $handle;
    }

    /**
     * A configured instance, whose imports `$serve` answers: JSON in, JSON out. It is the caller who holds that until the close.
     *
     * @param Closure(string): string $serve
     */
    public function instance(int $engine, string $options, Closure $serve): int
    {
        $context = $this->lastContext += 1;
        $this->serving[$context] = WeakReference::create($serve);
        $instance = $this->made('hw_instance');
        try {
            $this->taken($this->ffi->hw_instance_new(
                $engine,
                $options,
                strlen($options),
                $this->callback[0],
                $this->ffi->cast('void *', $context),
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

    /** Calls a function of the contract: JSON in, JSON out. */
    public function call(int $instance, string $function, string $arguments): string
    {
        // One of its own: a callback may call another instance meanwhile.
        $answer = $this->made('hw_answer');
        self::$running += 1;
        $status = $this->ffi->hw_call(
            $instance,
            $function,
            strlen($function),
            $arguments,
            strlen($arguments),
            FFI::addr($answer),
        );
        self::$running -= 1;
        return $this->taken($status, $answer);
    }

    /** Asks a `deliver` to settle what is in flight and return. */
    public function drain(int $instance): void
    {
        $answer = $this->made('hw_answer');
        $this->taken($this->ffi->hw_instance_drain($instance, FFI::addr($answer)), $answer);
    }

    public function close(int $instance): void
    {
        // Also after a fork, when the bridge refuses: nobody calls it any more.
        unset($this->serving[$this->contexts[$instance] ?? 0], $this->contexts[$instance]);
        $this->taken($this->ffi->hw_instance_close($instance, FFI::addr($this->answer)));
    }

    private static function open(string $path): self
    {
        if (!extension_loaded('ffi')) {
            throw new InternalException(
                null,
                "PHP's extension FFI is not loaded",
                'install it (Debian has it in php-common), or use the intake, which needs none',
            );
        }
        try {
            $ffi = FFI::cdef(self::DECLARATIONS, $path);
            $abi = $ffi->hw_abi();
        } catch (Throwable $error) {
            $hint = str_contains($error->getMessage(), 'restricted')
                ? 'set `ffi.enable = true`, or preload `preload.php` of this package (docs/php-host.md)'
                : 'it must be the library of this package for this machine';
            throw new InternalException(null, "cannot load `$path`: {$error->getMessage()}", $hint, $error);
        }
        if ($abi !== self::ABI) {
            throw new InternalException(
                null,
                "`$path` has the interface $abi, not " . self::ABI,
                'package and library must be of one release',
            );
        }
        register_shutdown_function(self::endWorker(...));
        return new self($ffi, $path);
    }

    /**
     * A fatal error of PHP's within a callback (no memory, no time, `exit`) leaps over the library's frames, and what these had in hand
     * stays there. The request is lost in any case; so is the worker, which php-fpm replaces.
     */
    private static function endWorker(): void
    {
        if (self::$running > 0 && PHP_SAPI === 'fpm-fcgi' && function_exists('posix_kill')) {
            error_log('hookwright: a fatal error within a call of the store; this worker ends after its request');
            posix_kill((int) getmypid(), self::END_OF_WORKER);
        }
    }

    /** Nothing may leave it but an integer: an exception that crosses into the bridge ends the process. */
    private function serve(CData $context, CData $request, int $length, int $reply): int
    {
        try {
            // Of a pointer itself, a cast to a number would be what it points to.
            $serve = $this->serving[$this->ffi->cast('uintptr_t *', FFI::addr($context))[0]]->get();
            $said = ($serve ?? throw new LogicException('nobody serves it'))(FFI::string($request, $length));
            $status = 0;
        } catch (Throwable $error) {
            $said = $error::class . ': ' . $error->getMessage();
            $status = 1;
        }
        $this->ffi->hw_reply_set($reply, $said, strlen($said));
        return $status;
    }

    private function made(string $type): CData
    {
        return $this->ffi->new($type) ?? throw new InternalException(null, "FFI makes no `$type`");
    }

    /** The answer as text; an error as its exception. */
    private function taken(int $status, ?CData $answer = null): string
    {
        $answer ??= $this->answer;
        $text = FFI::string($answer->data, $answer->len);
        $this->ffi->hw_free(FFI::addr($answer));
        if ($status === self::OK) {
            return $text;
        }
        throw self::failed($status, $text);
    }

    private static function failed(int $status, string $text): HookwrightException
    {
        /** @var array{kind: string, field: ?string, message: string, hint: ?string} $error */
        $error = json_decode($text, true, 8, JSON_THROW_ON_ERROR);
        ['kind' => $kind, 'field' => $field, 'message' => $message, 'hint' => $hint] = $error;
        return match (true) {
            $status === self::REFUSED => HookwrightException::of($kind, $field, $message, $hint),
            $status === self::TRAPPED => new TrapException($field, $message, $hint),
            $kind === 'invalid' => new InvalidException($field, $message, $hint),
            default => new InternalException($field, $message, $hint),
        };
    }
}
