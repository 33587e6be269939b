/* SPDX-License-Identifier: MIT */
/* A handler that tries what a sandbox is there to deny. An event's type says what, its key with what; each
 * becomes a row with the name of the error, or "OK". */
#include <aludel/plugin.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

/* What a call returned, as an error number. */
static int outcome(long result) {
  return result < 0 ? errno : 0;
}

static int close_and(int file) {
  const int error = outcome(file);
  if (file >= 0) close(file);
  return error;
}

static int try_open(const char* path) {
  return close_and(open(path, O_RDONLY | O_CLOEXEC));
}
static int try_open_raw(const char* path) {
  return close_and((int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
}
static int try_write(const char* path) {
  return close_and(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int try_cut(const char* path) {
  return close_and(open(path, O_RDONLY | O_TRUNC | O_CLOEXEC));
}
static int try_unlink(const char* path) {
  return outcome(unlink(path));
}
static int try_mkdir(const char* path) {
  return outcome(mkdir(path, 0700));
}
static int try_chmod(const char* path) {
  return outcome(chmod(path, 0700));
}
static int try_chmod_opened(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const int error = outcome(file < 0 ? -1 : fchmod(file, 0700));
  if (file >= 0) close(file);
  return error;
}

/* The event log's pages are in this process: can they be made writable? */
static int try_map(const char* part) {
  char line[4096];
  int error = ENOENT;
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return errno;
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long begin;
    if (strstr(line, part) == NULL || sscanf(line, "%lx", &begin) != 1) continue;
    error = outcome(mprotect((void*)begin, 4096, PROT_READ | PROT_WRITE)); /* NOLINT */
  }
  fclose(maps);
  return error;
}

static int try_connect(const char* port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = outcome(file);
  if (file < 0) return error;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  error = outcome(connect(file, (struct sockaddr*)&to, sizeof to));
  close(file);
  return error;
}
static int try_connect_unix(const char* path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = outcome(file);
  if (file < 0) return error;
  snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
  error = outcome(connect(file, (struct sockaddr*)&to, sizeof to));
  close(file);
  return error;
}

static int try_exec(const char* program) {
  char* const arguments[] = {(char*)program, NULL}; /* NOLINT */
  execve(program, arguments, environ);
  return errno;
}
static int try_spawn(const char* program) {
  char* const arguments[] = {(char*)program, NULL}; /* NOLINT */
  pid_t child;
  const int error = posix_spawn(&child, program, NULL, NULL, arguments, environ);
  if (error == 0) waitpid(child, NULL, 0);
  return error;
}
static int try_fork(const char* ignored) {
  const pid_t child = fork();
  (void)ignored;
  if (child == 0) _exit(0);
  if (child < 0) return errno;
  return outcome(waitpid(child, NULL, 0));
}

static int try_ptrace(const char* ignored) {
  (void)ignored;
  return outcome(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}
static int try_kill(const char* ignored) {
  (void)ignored;
  return outcome(kill(getppid(), 0));
}
static int try_kill_itself(const char* ignored) {
  (void)ignored;
  return outcome(kill(getpid(), 0)) | outcome(raise(0));
}
static int try_outlive(const char* ignored) {
  (void)ignored;
  return outcome(prctl(PR_SET_PDEATHSIG, 0));
}
static int try_type(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const int error = outcome(file < 0 ? -1 : ioctl(file, TIOCSTI, "x"));
  if (file >= 0) close(file);
  return error;
}
static int try_share(const char* ignored) {
  (void)ignored;
  return outcome(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
}
static int try_call(const char* number) {
  return outcome(syscall(atol(number), 0, 0, 0, 0, 0, 0));
}

/* On a thread that takes no signals, as many libraries have. */
static void* on_deaf_thread(void* path) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  return (void*)(intptr_t)try_open(path); /* NOLINT */
}
static int try_on_thread(const char* path) {
  pthread_t thread;
  void* error;
  const int failed = pthread_create(&thread, NULL, on_deaf_thread, (void*)path); /* NOLINT */
  if (failed != 0) return failed;
  pthread_join(thread, &error);
  return (int)(intptr_t)error;
}

static int try_temporary(const char* ignored) {
  char path[4096];
  int file;
  (void)ignored;
  snprintf(path, sizeof path, "%s/probe-XXXXXX", getenv("TMPDIR"));
  file = mkstemp(path);
  if (file < 0) return errno;
  unlink(path);
  return close_and(file);
}

/* Both ends of a pipe with a name, each opened by a thread that waits for the other. */
static void* open_writer(void* path) {
  return (void*)(intptr_t)close_and(open(path, O_WRONLY | O_CLOEXEC)); /* NOLINT */
}
static int try_pipe(const char* ignored) {
  char path[4096];
  pthread_t thread;
  void* error = NULL;
  int reader;
  (void)ignored;
  snprintf(path, sizeof path, "%s/pipe", getenv("TMPDIR"));
  if (mkfifo(path, 0600) != 0) return errno;
  if (pthread_create(&thread, NULL, open_writer, path) != 0) return EAGAIN;
  reader = open(path, O_RDONLY | O_CLOEXEC);
  pthread_join(thread, &error);
  unlink(path);
  return close_and(reader) | (int)(intptr_t)error;
}

/* "FROM TO": puts a copy of the one in place of the other. */
static int try_replace(const char* names) {
  char from[4096];
  char to[4096];
  char copy[4096];
  char bytes[65536];
  ssize_t size;
  int source;
  int file;
  if (sscanf(names, "%4095s %4095s", from, to) != 2) return EINVAL;
  snprintf(copy, sizeof copy, "%s/copy", getenv("TMPDIR"));
  source = open(from, O_RDONLY | O_CLOEXEC);
  file = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  if (source < 0 || file < 0) return errno;
  while ((size = read(source, bytes, sizeof bytes)) > 0)
    if (write(file, bytes, (size_t)size) != size) return EIO;
  close(source);
  close(file);
  return outcome(rename(copy, to));
}

/* "FROM TO": gives the one the other name, too. */
static int try_link(const char* names) {
  char from[4096];
  char to[4096];
  if (sscanf(names, "%4095s %4095s", from, to) != 2) return EINVAL;
  return outcome(link(from, to));
}

static int try_environment(const char* name) {
  return getenv(name) == NULL ? ENOENT : 0;
}

static const struct {
  const char* type;
  int (*attempt)(const char* with);
} attempts[] = {
    {"open", try_open},
    {"open_raw", try_open_raw},
    {"write", try_write},
    {"cut", try_cut},
    {"unlink", try_unlink},
    {"mkdir", try_mkdir},
    {"chmod", try_chmod},
    {"chmod_opened", try_chmod_opened},
    {"map", try_map},
    {"connect", try_connect},
    {"connect_unix", try_connect_unix},
    {"exec", try_exec},
    {"spawn", try_spawn},
    {"fork", try_fork},
    {"ptrace", try_ptrace},
    {"kill", try_kill},
    {"kill_itself", try_kill_itself},
    {"outlive", try_outlive},
    {"type", try_type},
    {"share", try_share},
    {"call", try_call},
    {"on_thread", try_on_thread},
    {"temporary", try_temporary},
    {"pipe", try_pipe},
    {"replace", try_replace},
    {"link", try_link},
    {"environment", try_environment},
};

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call;
  (void)config;
  (void)size;
  *self = NULL;
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self;
  (void)from;
  (void)to;
  return call->host->exec(call,
                          ALUDEL_LIT("create table tried (id integer primary key, what text, result text)"))
             ? ALUDEL_FATAL
             : ALUDEL_HANDLED;
}

static const char* name_of(int error) {
  const char* name = error == 0 ? "OK" : strerrorname_np(error);
  return name == NULL ? "unknown" : name;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  const aludel_host* host = call->host;
  const char* result = "no such attempt";
  aludel_statement* insert;
  aludel_value row[3];
  size_t i;
  (void)self;
  if (strcmp(event->type.data, "fail") == 0) return ALUDEL_FAIL;
  for (i = 0; i < sizeof attempts / sizeof *attempts; ++i) {
    if (strcmp(event->type.data, attempts[i].type) == 0)
      result = name_of(attempts[i].attempt(event->key.data));
  }
  memset(row, 0, sizeof row);
  row[0].type = ALUDEL_INTEGER;
  row[0].as.integer = (int64_t)event->id;
  row[1].type = ALUDEL_TEXT;
  row[1].as.bytes = event->type;
  row[2].type = ALUDEL_TEXT;
  row[2].as.bytes.data = result;
  row[2].as.bytes.size = strlen(result);
  if (host->prepare(call, ALUDEL_LIT("insert into tried values (?, ?, ?)"), &insert)) return ALUDEL_FAIL;
  return host->run(call, insert, row, 3, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

static void destroy(void* self) {
  (void)self;
}

static const aludel_subscription all = {sizeof all, ALUDEL_ALL, ALUDEL_STR("")};
static const aludel_subscription* const subscriptions[] = {&all};

static const aludel_handler handler = {.struct_size = sizeof handler,
                                       .projection_version = 1,
                                       .subscription_count = 1,
                                       .id = ALUDEL_STR("org.example.prober"),
                                       .name = ALUDEL_STR("Prober"),
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
