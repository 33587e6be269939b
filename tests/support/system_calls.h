/* SPDX-License-Identifier: MIT */
/* What a program and its libraries ask of the system about files, seen before and after it is done. A program
 * that is linked with system_calls.c has these calls of its own and of all shared libraries go through it:
 * those of the C++ library and of SQLite as well as those through os::FileSystem. */
#ifndef ALUDEL_TEST_SYSTEM_CALLS_H
#define ALUDEL_TEST_SYSTEM_CALLS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum system_call_kind {
  SYSTEM_CALL_OTHER,    /* changes nothing: looks, reads, locks, maps */
  SYSTEM_CALL_CREATE,   /* `path`, of a file that may be there already */
  SYSTEM_CALL_NAME,     /* makes the name `path`, or takes it away */
  SYSTEM_CALL_RENAME,   /* `path` to `to` */
  SYSTEM_CALL_WRITE,    /* `count` bytes to `file` */
  SYSTEM_CALL_TRUNCATE, /* `file` */
  SYSTEM_CALL_SYNC      /* `file`, which may be a folder */
};

struct system_call {
  enum system_call_kind kind;
  const char* name; /* of the C function */
  int file;         /* of a call on an open file */
  int folder;       /* that `path` lies in; 0: it stands for itself */
  const char* path; /* of a call on names, else null */
  const char* to;
  size_t count;
};

enum system_call_fate {
  SYSTEM_CALL_WHOLE,
  SYSTEM_CALL_HALF,  /* of a write, that tells so; any other is whole */
  SYSTEM_CALL_FAILED /* after half of the work of a write; `errno` is set */
};

struct system_call_observer {
  enum system_call_fate (*before)(const struct system_call* call);
  void (*after)(const struct system_call* call); /* it went well */
};

/* Null: nobody looks on. */
extern const struct system_call_observer* system_calls_observer;

#ifdef __cplusplus
}
#endif

#endif
