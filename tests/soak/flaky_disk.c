/* SPDX-License-Identifier: MIT */
/* Preloaded into a host and its children: as long as the file that ALUDEL_FLAKY_DISK names is there, one in
 * so many calls that write or sync a file fails, as the number in it says; a write does half of its work
 * first. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(void) {
  const char* path = getenv("ALUDEL_FLAKY_DISK");
  unsigned one_in = 0, drawn = 0;
  const int before = errno;
  FILE* file = path && access(path, F_OK) == 0 ? fopen(path, "r") : NULL;
  if (file) {
    if (fscanf(file, "%u", &one_in) != 1) one_in = 0;
    fclose(file);
  }
  errno = before;
  return one_in && getrandom(&drawn, sizeof drawn, 0) == sizeof drawn && drawn % one_in == 0;
}

/* The next one of this name. */
static void* under(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static ssize_t fail(int error) {
  errno = error;
  return -1;
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off64_t);
  if (!next) *(void**)&next = under("pwrite64");
  if (!fails()) return next(file, bytes, count, offset);
  if (count > 1 && next(file, bytes, count / 2, offset) < 0) return -1;
  return fail(ENOSPC);
}

ssize_t pwritev64(int file, const struct iovec* parts, int count, off64_t offset) {
  static ssize_t (*next)(int, const struct iovec*, int, off64_t);
  if (!next) *(void**)&next = under("pwritev64");
  if (!fails()) return next(file, parts, count, offset);
  if (count > 1 && next(file, parts, count / 2, offset) < 0) return -1;
  return fail(ENOSPC);
}

int fdatasync(int file) {
  static int (*next)(int);
  if (!next) *(void**)&next = under("fdatasync");
  return fails() ? (int)fail(EIO) : next(file);
}

int fsync(int file) {
  static int (*next)(int);
  if (!next) *(void**)&next = under("fsync");
  return fails() ? (int)fail(EIO) : next(file);
}

int ftruncate64(int file, off64_t size) {
  static int (*next)(int, off64_t);
  if (!next) *(void**)&next = under("ftruncate64");
  return fails() ? (int)fail(EIO) : next(file, size);
}
