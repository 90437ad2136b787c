/* Hookwright's native bridge: the component behind a flat C interface. README.md in the folder above describes it.
 *
 * Text is UTF-8, given by address and length, without a terminating zero. Requests and answers are JSON.
 * Handles are numbers that are never used twice. A handle that is closed or never existed is an error, not a crash. */
#ifndef HOOKWRIGHT_H
#define HOOKWRIGHT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the interface that this header declares. `hw_abi` must return the same. */
#define HW_ABI 3

/* The status that every function returns. Except for HW_OK, the answer is an error: {"kind", "field", "message", "hint"}. */
#define HW_OK 0      /* the answer is the value */
#define HW_REFUSED 1 /* an error of the component: `kind` is one of the contract's `error-kind` */
#define HW_TRAPPED 2 /* the call ended the instance's guest; the next call creates a new one */
#define HW_MISUSED 3 /* the caller broke a rule of this interface; the call had no effect */
#define HW_FAILED 4  /* the bridge lacks something it needs: a file, a thread, memory */

/* A compiled component and an HTTP client. 0 is none. */
typedef uint64_t hw_engine;

/* A configured instance of the component. 0 is none. */
typedef uint64_t hw_instance;

/* The reply of one running callback. */
typedef uint64_t hw_reply;

/* An answer. The caller reads `data` and `len`, and frees the answer once with `hw_free`. `token` is for the bridge. */
typedef struct hw_answer {
  const uint8_t *data;
  size_t len;
  uint64_t token;
} hw_answer;

/* Serves a request of an instance: sets a reply with `hw_reply_set` and returns 0. Any other value is a failure, and the reply is
 * then its reason as text. The callback must return: no exception and no longjmp may leave it. */
typedef int32_t (*hw_callback)(void *context, const uint8_t *request, size_t request_len, hw_reply reply);

/* A callback, and the first argument that it is called with. */
typedef struct hw_host {
  hw_callback callback;
  void *context;
} hw_host;

/* Returns the version of the interface. */
uint32_t hw_abi(void);

/* Describes the library: {"abi", "version", "target", "compiler", "component"}. `component` is the component's SHA-256. */
int32_t hw_version(hw_answer *answer);

/* Compiles or loads the component. The answer is null, or {"problems": [...]}: what works, but not as configured. */
int32_t hw_engine_open(const char *options, size_t options_len, hw_engine *engine, hw_answer *answer);

/* Closes an engine. Open instances keep the parts they use. An engine opened with `keep` stays open with the same handle, because
 * other callers may have that handle. */
int32_t hw_engine_close(hw_engine engine, hw_answer *answer);

/* Compiles a component into a file for the option `compiled` of `hw_engine_open`. */
int32_t hw_compile(const char *options, size_t options_len, hw_answer *answer);

/* Creates an instance and configures it. `host` is copied. It may be null, and its callback may be null, if the host serves no
 * import. */
int32_t hw_instance_new(hw_engine engine, const char *options, size_t options_len, const hw_host *host,
                        hw_instance *instance, hw_answer *answer);

/* Calls a function of the contract, `webhooks.on-event` for example. */
int32_t hw_call(hw_instance instance, const char *function, size_t function_len, const char *arguments,
                size_t arguments_len, hw_answer *answer);

/* Signals that there may be new events. Ends a wait of the running `deliver`. Any thread may call it, and so may the callback. */
int32_t hw_instance_signal_work(hw_instance instance, hw_answer *answer);

/* Signals the running `deliver` to drain: it starts nothing new, settles the requests in flight and returns. A later `deliver`
 * drains as soon as it waits. The signal stays set. Any thread may call this function, and so may the callback. */
int32_t hw_instance_signal_drain(hw_instance instance, hw_answer *answer);

/* Closes an instance and aborts its requests in flight. Any thread may call it, but not while a call of the instance is in
 * progress, and so not from its callback. After HW_OK the callback is not called any more. */
int32_t hw_instance_close(hw_instance instance, hw_answer *answer);

/* Sets the reply of the running callback. The bytes are copied. A later call replaces the reply. */
int32_t hw_reply_set(hw_reply reply, const char *data, size_t len);

/* Says that the callbacks running on this thread never return, because an error of the host's language has left them. The thread can
 * make no further calls of `hw_call` and `hw_instance_new`; they are HW_MISUSED. Without a running callback it does nothing. */
int32_t hw_abandon(void);

/* Frees an answer and clears the struct. Freeing it a second time, even through a copy of the struct, is HW_MISUSED. */
int32_t hw_free(hw_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
