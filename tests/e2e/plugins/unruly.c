/* SPDX-License-Identifier: MIT */
/* A handler that does what an event's type says, so that tests can see how the host takes it. Each event that
 * it handles becomes a row. Its config may name a file, {"once": "PATH"}: while that is not there, "unruly.*"
 * events misbehave and make it; once it is there, they are handled like any other. */
#include <aludel/plugin.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char once_path[4096];

static int is(const aludel_event* event, const char* type) {
  return strcmp(event->type.data, type) == 0;
}

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  aludel_value once;
  *self = NULL;
  once_path[0] = '\0';
  if (call->host->json(call, config, size, ALUDEL_LIT("/once"), &once) == ALUDEL_OK &&
      once.type == ALUDEL_TEXT)
    snprintf(once_path, sizeof once_path, "%.*s", (int)once.as.bytes.size, once.as.bytes.data);
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self;
  (void)from;
  (void)to;
  return call->host->exec(call, ALUDEL_LIT("create table seen (id integer primary key, type text not null)"))
             ? ALUDEL_FATAL
             : ALUDEL_HANDLED;
}

/* Whether this is the time to misbehave. */
static int due(void) {
  int file;
  if (once_path[0] == '\0') return 1;
  file = open(once_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file < 0) return 0;
  close(file);
  return 1;
}

static void fail_with(aludel_call* call, const char* code, const char* message) {
  aludel_error error = {sizeof error, 0, {code, strlen(code)}, {message, strlen(message)}, {"", 0}, 0,
                        UINT64_MAX};
  call->host->set_error(call, &error);
}

static int32_t misbehave(aludel_call* call, const aludel_event* event) {
  if (is(event, "unruly.crash")) raise(SIGSEGV);
  if (is(event, "unruly.exit")) exit(3);
  if (is(event, "unruly.hang"))
    for (;;)
      pause();
  if (is(event, "unruly.output")) {
    printf("to stdout\n");
    fprintf(stderr, "to stderr, without its end");
    fflush(NULL);
    abort();
  }
  fail_with(call, "as_told", "it was told to fail");
  return is(event, "unruly.fatal") ? ALUDEL_FATAL : ALUDEL_FAIL;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  const aludel_host* host = call->host;
  aludel_statement* insert;
  aludel_value row[2];
  (void)self;
  memset(row, 0, sizeof row);
  row[0].type = ALUDEL_INTEGER;
  row[0].as.integer = (int64_t)event->id;
  row[1].type = ALUDEL_TEXT;
  row[1].as.bytes = event->type;
  if (is(event, "calm.print")) {
    printf("printed %d\n", 1);
    fprintf(stderr, "complained\n");
    fflush(NULL);
    host->log(host, ALUDEL_LOG_WARNING, ALUDEL_LIT("logged"));
  }
  if (is(event, "calm.slow")) usleep(20000);
  if (host->prepare(call, ALUDEL_LIT("insert into seen values (?, ?)"), &insert)) return ALUDEL_FAIL;
  if (host->run(call, insert, row, 2, NULL)) return ALUDEL_FAIL;
  if (strncmp(event->type.data, "unruly.", 7) == 0 && due()) return misbehave(call, event);
  return ALUDEL_HANDLED;
}

static void destroy(void* self) {
  (void)self;
}

static const aludel_subscription calm = {sizeof calm, ALUDEL_PREFIX, ALUDEL_STR("calm")};
static const aludel_subscription unruly = {sizeof unruly, ALUDEL_PREFIX, ALUDEL_STR("unruly.")};
static const aludel_subscription* const subscriptions[] = {&calm, &unruly};

static const aludel_handler handler = {.struct_size = sizeof handler,
                                       .projection_version = 1,
                                       .subscription_count = 2,
                                       .id = ALUDEL_STR("org.example.unruly"),
                                       .name = ALUDEL_STR("Unruly"),
                                       .version = ALUDEL_STR("1.0.0"),
                                       .subscriptions = subscriptions,
                                       .create = create,
                                       .migrate = migrate,
                                       .handle = handle,
                                       .destroy = destroy};
static const aludel_handler* const handlers[] = {&handler};
static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  (void)hello;
  return &library;
}
