/* A host in C: one callback, correct calls, and every rule of the interface broken once.
 *
 *     bridge OPTIONS            OPTIONS are those of hw_engine_open
 *     bridge --compile OPTIONS  OPTIONS are those of hw_compile
 *
 * Exits with 0 if every check passed. Each failed check is a line on stderr. */
#include "hookwright.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG "\"config\":{\"sealingKeys\":[{\"id\":\"k1\",\"key\":\"" \
  "0707070707070707070707070707070707070707070707070707070707070707\"}]}"

static int failures = 0;

static void expect(int line, const char *what, int holds) {
  if (!holds) {
    fprintf(stderr, "bridge.c:%d: %s\n", line, what);
    failures++;
  }
}
#define EXPECT(condition) expect(__LINE__, #condition, condition)

/* Copies an answer into a C string, which the caller frees, and frees the answer. */
static char *take(hw_answer *answer) {
  char *text = malloc(answer->len + 1);
  memcpy(text, answer->data, answer->len);
  text[answer->len] = 0;
  EXPECT(hw_free(answer) == HW_OK);
  return text;
}

/* Makes a call. Returns true if it has this status and its answer contains this part. */
static int call(hw_instance instance, const char *function, const char *arguments, int32_t status, const char *part) {
  hw_answer answer;
  int32_t actual = hw_call(instance, function, strlen(function), arguments, strlen(arguments), &answer);
  char *text = take(&answer);
  int holds = actual == status && strstr(text, part) != NULL;
  if (!holds) fprintf(stderr, "%s: %d %s\n", function, actual, text);
  free(text);
  return holds;
}

/* The context of the callback. */
struct state {
  hw_instance instance;
  int calls;
  int fails;
  int calls_itself;
  char committed[4096];
};

static int32_t serve(void *context, const uint8_t *request, size_t request_len, hw_reply reply) {
  struct state *state = context;
  const char *answer = "{\"ok\":[]}";
  char text[4096];
  state->calls++;
  if (state->calls_itself) {
    EXPECT(call(state->instance, "webhooks.event-types", "", HW_MISUSED, "\"busy\""));
    EXPECT(hw_instance_close(state->instance, NULL) == HW_MISUSED);
    EXPECT(hw_instance_signal_drain(state->instance, NULL) == HW_OK);
  }
  if (state->fails) {
    EXPECT(hw_reply_set(reply, "the disk is full", 16) == HW_OK);
    return 1;
  }
  if (request_len < sizeof text) {
    memcpy(text, request, request_len);
    text[request_len] = 0;
    if (strstr(text, "\"call\":\"commit\"") != NULL) {
      memcpy(state->committed, text, request_len + 1);
      /* The versions of the message and of its inbox row. */
      answer = "{\"ok\":[\"1\",\"2\"]}";
    } else if (strstr(text, "\"call\":\"get\"") != NULL) {
      answer = "{\"ok\":[null]}";
    }
  }
  /* The last reply counts. */
  EXPECT(hw_reply_set(reply, "no JSON", 7) == HW_OK);
  EXPECT(hw_reply_set(reply, answer, strlen(answer)) == HW_OK);
  EXPECT(hw_reply_set(reply + 1, answer, strlen(answer)) == HW_MISUSED);
  return 0;
}

static jmp_buf before_the_call;

/* Leaves the callback as a fatal error of a language does. */
static int32_t jump(void *context, const uint8_t *request, size_t request_len, hw_reply reply) {
  (void)context, (void)request, (void)request_len, (void)reply;
  longjmp(before_the_call, 1);
}

/* The frames of the guest are lost, so the thread may call no other instance either. */
static int refuses_after_a_jump(hw_engine engine, const char *options) {
  hw_host jumping = {jump, NULL};
  hw_instance left, other;
  int holds = hw_abandon() == HW_OK;
  holds &= hw_instance_new(engine, options, strlen(options), &jumping, &left, NULL) == HW_OK;
  holds &= hw_instance_new(engine, options, strlen(options), NULL, &other, NULL) == HW_OK;
  if (setjmp(before_the_call) == 0) {
    hw_call(left, "webhooks.list", 13, "{\"tenant\":\"a\",\"cursor\":null,\"limit\":1}", 38, NULL);
    return 0;
  }
  holds &= call(other, "webhooks.event-types", "", HW_MISUSED, "\"abandoned\"");
  holds &= hw_instance_new(engine, options, strlen(options), NULL, &other, NULL) == HW_MISUSED;
  holds &= hw_abandon() == HW_OK;
  holds &= call(other, "webhooks.event-types", "", HW_MISUSED, "end this process");
  return holds;
}

static void *other_thread(void *context) {
  struct state *state = context;
  EXPECT(call(state->instance, "webhooks.event-types", "", HW_MISUSED, "\"wrong-thread\""));
  EXPECT(hw_instance_signal_work(state->instance, NULL) == HW_OK);
  return NULL;
}

int main(int count, char **arguments) {
  struct state state = {0};
  hw_host host = {serve, &state};
  hw_engine engine = 5;
  hw_answer answer;
  if (count == 3 && strcmp(arguments[1], "--compile") == 0) {
    int32_t compiled = hw_compile(arguments[2], strlen(arguments[2]), &answer);
    if (compiled != HW_OK) fprintf(stderr, "%.*s\n", (int)answer.len, (const char *)answer.data);
    hw_free(&answer);
    return compiled == HW_OK ? 0 : 1;
  }
  if (count != 2) return 2;
  EXPECT(hw_abi() == HW_ABI);
  EXPECT(hw_version(&answer) == HW_OK);
  free(take(&answer));

  EXPECT(hw_engine_open("{", 1, &engine, &answer) == HW_MISUSED);
  EXPECT(engine == 0);
  free(take(&answer));
  if (hw_engine_open(arguments[1], strlen(arguments[1]), &engine, &answer) != HW_OK) {
    fprintf(stderr, "%s\n", take(&answer));
    return 1;
  }
  EXPECT(answer.len == 4 && memcmp(answer.data, "null", 4) == 0);
  hw_answer copy = answer;
  EXPECT(hw_free(&answer) == HW_OK);
  EXPECT(hw_free(&answer) == HW_MISUSED);
  EXPECT(hw_free(&copy) == HW_MISUSED);

  const char *options = "{" CONFIG "}";
  EXPECT(hw_instance_new(engine + 9, options, strlen(options), &host, &state.instance, NULL) == HW_MISUSED);
  EXPECT(hw_instance_new(engine, options, strlen(options), &host, &state.instance, NULL) == HW_OK);

  const char *event = "{\"tenant\":\"acme\",\"event\":\"{\\\"type\\\":\\\"invoice.paid\\\",\\\"data\\\":{\\\"n\\\":1.50}}\"}";
  for (int i = 0; i < 100; i++) EXPECT(call(state.instance, "webhooks.on-event", event, HW_OK, "\"new\":true"));
  EXPECT(state.calls == 100);
  EXPECT(strstr(state.committed, "1.50") != NULL);

  EXPECT(call(state.instance, "webhooks.on-event", "\xff", HW_MISUSED, "\"arguments\""));
  EXPECT(call(state.instance, "webhooks.nothing", "", HW_MISUSED, "\"function\""));
  EXPECT(call(state.instance, "webhooks.get", "{\"tenant\":\"acme\",\"webhookId\":\"x\"}", HW_REFUSED, "\"not-found\""));
  state.fails = 1;
  EXPECT(call(state.instance, "webhooks.on-event", event, HW_REFUSED, "the disk is full"));
  state.fails = 0;

  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, other_thread, &state) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);

  int outcome[2];
  EXPECT(pipe(outcome) == 0);
  pid_t child = fork();
  if (child == 0) {
    int holds = call(state.instance, "webhooks.event-types", "", HW_MISUSED, "\"forked\"");
    holds &= hw_instance_close(state.instance, NULL) == HW_OK && hw_engine_close(engine, NULL) == HW_OK;
    hw_engine own;
    holds &= hw_engine_open(arguments[1], strlen(arguments[1]), &own, NULL) == HW_OK;
    hw_instance mine;
    holds &= hw_instance_new(own, options, strlen(options), &host, &mine, NULL) == HW_OK;
    holds &= call(mine, "webhooks.on-event", event, HW_OK, "\"new\":true");
    holds &= hw_instance_close(mine, NULL) == HW_OK;
    holds &= refuses_after_a_jump(own, options);
    holds &= write(outcome[1], holds ? "y" : "n", 1) == 1;
    /* The pipe tells the outcome. Under valgrind, the exit code would report memory of the parent's threads as lost. */
    _exit(0);
  }
  char result = 0;
  EXPECT(waitpid(child, NULL, 0) == child);
  EXPECT(read(outcome[0], &result, 1) == 1 && result == 'y');

  state.calls_itself = 1;
  EXPECT(call(state.instance, "webhooks.on-event", event, HW_OK, "\"new\":true"));
  EXPECT(hw_engine_close(engine, NULL) == HW_OK);
  EXPECT(hw_engine_close(engine, NULL) == HW_MISUSED);
  state.calls_itself = 0;
  EXPECT(call(state.instance, "webhooks.on-event", event, HW_OK, "\"new\":true"));
  EXPECT(hw_instance_close(state.instance, NULL) == HW_OK);
  EXPECT(hw_instance_close(state.instance, NULL) == HW_MISUSED);
  EXPECT(call(state.instance, "webhooks.on-event", event, HW_MISUSED, "\"closed\""));
  return failures == 0 ? 0 : 1;
}
