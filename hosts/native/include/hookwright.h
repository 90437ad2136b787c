/* Hookwright's native bridge: the component behind a flat C interface. README.md beside this folder explains it.
 *
 * Text is UTF-8, given by address and length; no terminating zero is needed or looked at. Requests and answers are JSON.
 * Handles are numbers that are never used twice: one that is closed, or that never was, is an error and not a crash. */
#ifndef HOOKWRIGHT_H
#define HOOKWRIGHT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What `hw_abi` answers if the library is the one that this header describes. */
#define HW_ABI 1

/* What every function returns. But for HW_OK, the answer is an error: {"kind", "field", "message", "hint"}. */
#define HW_OK 0      /* the answer is the value */
#define HW_REFUSED 1 /* by the component: `kind` is one of the contract's `error-kind` */
#define HW_TRAPPED 2 /* the call ended the instance's guest; the next call makes a new one */
#define HW_MISUSED 3 /* the caller broke a rule of this interface; nothing was done */
#define HW_FAILED 4  /* what the bridge needs is not to be had: a file, a thread, memory */

/* A compiled component and an HTTP client. 0 is none. */
typedef uint64_t hw_engine;

/* A configured instance. 0 is none. */
typedef uint64_t hw_instance;

/* Stands for the reply of one callback, as long as that runs. */
typedef uint64_t hw_reply;

/* What a function answered. `data` and `len` are read, `token` is the bridge's own; to be given to `hw_free` once. */
typedef struct hw_answer {
  const uint8_t *data;
  size_t len;
  uint64_t token;
} hw_answer;

/* The caller's side: is handed a request, gives its reply with `hw_reply_set`, and returns 0. Anything else says that it
 * failed; the reply, if any, is then the reason as text. It must return: no exception and no longjmp may cross it. */
typedef int32_t (*hw_callback)(void *context, const uint8_t *request, size_t request_len, hw_reply reply);

/* The version of this interface. */
uint32_t hw_abi(void);

/* What the library is: {"abi", "version", "target", "compiler", "component"}, the last its SHA-256. */
int32_t hw_version(hw_answer *answer);

/* Compiles or loads the component. */
int32_t hw_engine_open(const char *options, size_t options_len, hw_engine *engine, hw_answer *answer);

/* Gives an engine up. Its instances keep what they need of it until they are closed. One that was opened with `keep` stays,
 * and so does its handle, which others may have too. */
int32_t hw_engine_close(hw_engine engine, hw_answer *answer);

/* Compiles a component into a file for the option `compiled` of `hw_engine_open`. */
int32_t hw_compile(const char *options, size_t options_len, hw_answer *answer);

/* Makes an instance and configures it. `callback` may be null if it serves nothing; `context` is handed to it. */
int32_t hw_instance_new(hw_engine engine, const char *options, size_t options_len, hw_callback callback, void *context,
                        hw_instance *instance, hw_answer *answer);

/* Calls a function of the contract, `webhooks.on-event` for example. */
int32_t hw_call(hw_instance instance, const char *function, size_t function_len, const char *arguments,
                size_t arguments_len, hw_answer *answer);

/* There may be new events: ends a wait of a `deliver` in progress. From any thread, and from the callback. */
int32_t hw_instance_wake(hw_instance instance, hw_answer *answer);

/* Asks the `deliver` in progress to start nothing new, settle what is in flight and return; a later one is asked as soon as
 * it waits. For good. From any thread, and from the callback. */
int32_t hw_instance_drain(hw_instance instance, hw_answer *answer);

/* Ends an instance and aborts what it has in flight. From any thread, but not while a call of the instance is in progress,
 * and so not from its own callback. After HW_OK the callback is not called any more. */
int32_t hw_instance_close(hw_instance instance, hw_answer *answer);

/* Gives the reply of the callback that runs: copied at once, the last one counts. */
int32_t hw_reply_set(hw_reply reply, const char *bytes, size_t len);

/* Gives an answer back and clears the struct. A second time, also by a copy of the struct, is HW_MISUSED. */
int32_t hw_free(hw_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
