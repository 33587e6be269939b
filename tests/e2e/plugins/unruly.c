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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char once_path[4096];
static char hang_in[16];  /* {"hang_in": "stop" or "destroy"} */
static char die_in[16];   /* {"die_in": "start"} */
static char message[256]; /* {"message": what it says when it is told to fail} */

static void hang(void) {
  for (;;)
    pause();
}

/* While the file that the environment names is not there: makes it and hangs, but only in a processor's
 * child. */
__attribute__((constructor)) static void on_load(void) {
  const char* path = getenv("ALUDEL_UNRULY_HANGS_ONCE");
  char command[4096];
  int file = open("/proc/self/cmdline", O_RDONLY);
  ssize_t size = read(file, command, sizeof command);
  close(file);
  if (path == NULL || size < 0 || memmem(command, (size_t)size, "__processor", 11) == NULL) return;
  file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file >= 0) hang();
}

static void read_text(aludel_call* call, const char* config, uint64_t size, const char* path, char* to,
                      size_t room) {
  aludel_value value;
  to[0] = '\0';
  if (call->host->json(call, config, size, path, strlen(path), &value) == ALUDEL_OK &&
      value.type == ALUDEL_TEXT)
    snprintf(to, room, "%.*s", (int)value.as.bytes.size, value.as.bytes.data);
}

static int is(const aludel_event* event, const char* type) {
  return strcmp(event->type.data, type) == 0;
}

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  *self = NULL;
  read_text(call, config, size, "/once", once_path, sizeof once_path);
  read_text(call, config, size, "/hang_in", hang_in, sizeof hang_in);
  read_text(call, config, size, "/die_in", die_in, sizeof die_in);
  read_text(call, config, size, "/message", message, sizeof message);
  if (message[0] == '\0') strcpy(message, "it was told to fail");
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
  if (is(event, "unruly.hang")) {
    fputs("hanging\n", stderr);
    hang();
  }
  if (is(event, "unruly.cut_off_and_hang")) {
    shutdown(3, SHUT_WR);
    hang();
  }
  if (is(event, "unruly.cut_off")) {
    syscall(SYS_close, 3); /* by itself: a sanitizer would see through close() who else uses it */
    return ALUDEL_HANDLED;
  }
  if (is(event, "unruly.speak_for_host")) {
    if (write(3, "garbage\n", 8) < 0) exit(4);
    hang();
  }
  if (is(event, "unruly.chatter"))
    for (;;)
      if (write(STDOUT_FILENO, "\n\n\n\n\n\n\n\n", 8) < 0) exit(4);
  fail_with(call, "as_told", message);
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

static int32_t start(void* self, aludel_call* call) {
  (void)self;
  (void)call;
  if (strcmp(die_in, "start") != 0) return ALUDEL_HANDLED;
  printf("to stdout\n");
  fprintf(stderr, "to stderr, without its end");
  fflush(NULL);
  abort();
}

static void stop(void* self, aludel_call* call) {
  (void)self;
  (void)call;
  if (strcmp(hang_in, "stop") == 0) hang();
}

static void destroy(void* self) {
  (void)self;
  if (strcmp(hang_in, "destroy") == 0) hang();
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
                                       .start = start,
                                       .handle = handle,
                                       .stop = stop,
                                       .destroy = destroy};
static const aludel_handler* const handlers[] = {&handler};
static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  (void)hello;
  return &library;
}
