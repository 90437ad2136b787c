<?php

declare(strict_types=1);

namespace Hookwright\Native;

/**
 * The C interface of the native bridge: `hosts/native/include/hookwright.h` without comments and preprocessor lines, which FFI cannot
 * read. A test compares the two.
 *
 * @internal
 */
final class Declarations
{
    /** The version of the interface, `HW_ABI`. */
    public const ABI = 3;

    /** The statuses. Any other is an error of the caller or the bridge. */
    public const OK = 0;
    public const REFUSED = 1;
    public const TRAPPED = 2;

    public const C = <<<'C'
        typedef uint64_t hw_engine;
        typedef uint64_t hw_instance;
        typedef uint64_t hw_reply;
        typedef struct hw_answer {
          const uint8_t *data;
          size_t len;
          uint64_t token;
        } hw_answer;
        typedef int32_t (*hw_callback)(void *context, const uint8_t *request, size_t request_len, hw_reply reply);
        typedef struct hw_host {
          hw_callback callback;
          void *context;
        } hw_host;
        uint32_t hw_abi(void);
        int32_t hw_version(hw_answer *answer);
        int32_t hw_engine_open(const char *options, size_t options_len, hw_engine *engine, hw_answer *answer);
        int32_t hw_engine_close(hw_engine engine, hw_answer *answer);
        int32_t hw_compile(const char *options, size_t options_len, hw_answer *answer);
        int32_t hw_instance_new(hw_engine engine, const char *options, size_t options_len, const hw_host *host,
                                hw_instance *instance, hw_answer *answer);
        int32_t hw_call(hw_instance instance, const char *function, size_t function_len, const char *arguments,
                        size_t arguments_len, hw_answer *answer);
        int32_t hw_instance_signal_work(hw_instance instance, hw_answer *answer);
        int32_t hw_instance_signal_drain(hw_instance instance, hw_answer *answer);
        int32_t hw_instance_close(hw_instance instance, hw_answer *answer);
        int32_t hw_reply_set(hw_reply reply, const char *data, size_t len);
        int32_t hw_abandon(void);
        int32_t hw_free(hw_answer *answer);
        C;
}
