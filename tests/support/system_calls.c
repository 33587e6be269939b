/* SPDX-License-Identifier: MIT */
/* Each function has its own name here, as libraries call it. */
#undef _FILE_OFFSET_BITS
#include "support/system_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

const struct system_call_observer* system_calls_observer = NULL;

/* The function of this name below. */
static void* under(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static enum system_call_fate before(const struct system_call* call) {
  return system_calls_observer ? system_calls_observer->before(call) : SYSTEM_CALL_WHOLE;
}

static void after(const struct system_call* call) {
  const int error = errno;
  if (system_calls_observer) system_calls_observer->after(call);
  errno = error;
}

/* Defines a function that may fail as a whole. `type parameters` as in its header; `arguments` to pass on. */
#define PASS_ON(type, function, parameters, arguments, failure, ...)  \
  type function parameters {                                          \
    static type(*next) parameters;                                    \
    const struct system_call call = {.name = #function, __VA_ARGS__}; \
    type result;                                                      \
    if (!next) *(void**)&next = under(#function);                     \
    if (before(&call) == SYSTEM_CALL_FAILED) return failure;          \
    result = next arguments;                                          \
    if (result != failure) after(&call);                              \
    return result;                                                    \
  }

PASS_ON(int, access, (const char* path, int how), (path, how), -1, .path = path)
PASS_ON(int, stat, (const char* path, struct stat* out), (path, out), -1, .path = path)
PASS_ON(int, stat64, (const char* path, struct stat64* out), (path, out), -1, .path = path)
PASS_ON(int, lstat, (const char* path, struct stat* out), (path, out), -1, .path = path)
PASS_ON(int, lstat64, (const char* path, struct stat64* out), (path, out), -1, .path = path)
PASS_ON(int, fstat64, (int file, struct stat64* out), (file, out), -1, .file = file)
PASS_ON(int, statfs64, (const char* path, struct statfs64* out), (path, out), -1, .path = path)
PASS_ON(int, statvfs64, (const char* path, struct statvfs64* out), (path, out), -1, .path = path)
PASS_ON(ssize_t, readlink, (const char* path, char* out, size_t size), (path, out, size), -1, .path = path)
PASS_ON(ssize_t, read, (int file, void* out, size_t size), (file, out, size), -1, .file = file)
PASS_ON(ssize_t, pread64, (int file, void* out, size_t size, off64_t at), (file, out, size, at), -1,
        .file = file)
PASS_ON(void*, mmap64, (void* at, size_t size, int access, int flags, int file, off64_t offset),
        (at, size, access, flags, file, offset), MAP_FAILED, .file = file)
PASS_ON(DIR*, opendir, (const char* path), (path), NULL, .path = path)
PASS_ON(DIR*, fdopendir, (int file), (file), NULL, .file = file)
PASS_ON(FILE*, fopen64, (const char* path, const char* how), (path, how), NULL, .path = path)

PASS_ON(int, link, (const char* from, const char* to), (from, to), -1, .kind = SYSTEM_CALL_NAME, .path = to)
PASS_ON(int, symlink, (const char* from, const char* to), (from, to), -1, .kind = SYSTEM_CALL_NAME,
        .path = to)
PASS_ON(int, mkdir, (const char* path, mode_t mode), (path, mode), -1, .kind = SYSTEM_CALL_NAME, .path = path)
PASS_ON(int, rmdir, (const char* path), (path), -1, .kind = SYSTEM_CALL_NAME, .path = path)
PASS_ON(int, unlink, (const char* path), (path), -1, .kind = SYSTEM_CALL_NAME, .path = path)
PASS_ON(int, remove, (const char* path), (path), -1, .kind = SYSTEM_CALL_NAME, .path = path)
PASS_ON(int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags), -1,
        .kind = SYSTEM_CALL_NAME, .folder = folder, .path = path)
PASS_ON(int, rename, (const char* from, const char* to), (from, to), -1, .kind = SYSTEM_CALL_RENAME,
        .path = from, .to = to)
PASS_ON(int, ftruncate64, (int file, off64_t size), (file, size), -1, .kind = SYSTEM_CALL_TRUNCATE,
        .file = file)
PASS_ON(int, fsync, (int file), (file), -1, .kind = SYSTEM_CALL_SYNC, .file = file)
PASS_ON(int, fdatasync, (int file), (file), -1, .kind = SYSTEM_CALL_SYNC, .file = file)

/* Its end is told like a failure, but for `errno`. */
struct dirent* readdir(DIR* folder) {
  static struct dirent* (*next)(DIR*);
  const struct system_call call = {.name = "readdir"};
  if (!next) *(void**)&next = under("readdir");
  return before(&call) == SYSTEM_CALL_FAILED ? NULL : next(folder);
}

#define OPEN(function, in, parameters, ...)                                                            \
  int function parameters {                                                                            \
    static int(*next) parameters;                                                                      \
    const struct system_call call = {.kind = flags & O_CREAT ? SYSTEM_CALL_CREATE : SYSTEM_CALL_OTHER, \
                                     .name = #function,                                                \
                                     .folder = in,                                                     \
                                     .path = path};                                                    \
    mode_t mode = 0;                                                                                   \
    int file;                                                                                          \
    if (flags & O_CREAT) {                                                                             \
      va_list rest;                                                                                    \
      va_start(rest, flags);                                                                           \
      mode = va_arg(rest, mode_t);                                                                     \
      va_end(rest);                                                                                    \
    }                                                                                                  \
    if (!next) *(void**)&next = under(#function);                                                      \
    if (before(&call) == SYSTEM_CALL_FAILED) return -1;                                                \
    file = next(__VA_ARGS__);                                                                          \
    if (file >= 0) after(&call);                                                                       \
    return file;                                                                                       \
  }

OPEN(open, 0, (const char* path, int flags, ...), path, flags, mode)
OPEN(open64, 0, (const char* path, int flags, ...), path, flags, mode)
OPEN(openat, folder, (int folder, const char* path, int flags, ...), folder, path, flags, mode)

/* Locks alone may fail: what it asks of a descriptor besides is not a matter of files. */
int fcntl64(int file, int what, ...) {
  static int (*next)(int, int, ...);
  const struct system_call call = {.name = "fcntl64", .file = file};
  const int locks = what == F_SETLK || what == F_GETLK || what == F_OFD_SETLK || what == F_OFD_GETLK;
  va_list rest;
  void* argument;
  va_start(rest, what);
  argument = va_arg(rest, void*);
  va_end(rest);
  if (!next) *(void**)&next = under("fcntl64");
  if (locks && before(&call) == SYSTEM_CALL_FAILED) return -1;
  return next(file, what, argument);
}

static size_t half_of(size_t count, enum system_call_fate fate) {
  return fate == SYSTEM_CALL_WHOLE || count == 1 ? count : count / 2;
}

/* What a write of so much has come to. */
static ssize_t written(const struct system_call* call, enum system_call_fate fate, int error, ssize_t count) {
  if (count >= 0) after(call);
  if (fate != SYSTEM_CALL_FAILED) return count;
  errno = error;
  return -1;
}

ssize_t write(int file, const void* bytes, size_t count) {
  static ssize_t (*next)(int, const void*, size_t);
  const struct system_call call = {.kind = SYSTEM_CALL_WRITE, .name = "write", .file = file, .count = count};
  const enum system_call_fate fate = before(&call);
  const int error = errno;
  if (!next) *(void**)&next = under("write");
  return written(&call, fate, error, next(file, bytes, half_of(count, fate)));
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off64_t);
  const struct system_call call = {
      .kind = SYSTEM_CALL_WRITE, .name = "pwrite64", .file = file, .count = count};
  const enum system_call_fate fate = before(&call);
  const int error = errno;
  if (!next) *(void**)&next = under("pwrite64");
  return written(&call, fate, error, next(file, bytes, half_of(count, fate), offset));
}

/* Half of it is half of the first part. */
ssize_t pwritev64(int file, const struct iovec* parts, int count, off64_t offset) {
  static ssize_t (*next)(int, const struct iovec*, int, off64_t);
  const struct system_call call = {.kind = SYSTEM_CALL_WRITE,
                                   .name = "pwritev64",
                                   .file = file,
                                   .count = count > 0 ? parts[0].iov_len : 0};
  const enum system_call_fate fate = before(&call);
  const int error = errno;
  struct iovec half;
  if (!next) *(void**)&next = under("pwritev64");
  if (fate == SYSTEM_CALL_WHOLE || count == 0)
    return written(&call, fate, error, next(file, parts, count, offset));
  half.iov_base = parts[0].iov_base;
  half.iov_len = half_of(parts[0].iov_len, fate);
  return written(&call, fate, error, next(file, &half, 1, offset));
}
