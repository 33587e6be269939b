/* SPDX-License-Identifier: MIT */
/* Notes when each event came: CLOCK_MONOTONIC, which all processes share, before anything else is done. */
#include <time.h>

#include "handler.h"

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call, (void)config, (void)size;
  *self = NULL;
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self, (void)from, (void)to;
  return call->host->exec(
             call, ALUDEL_LIT("create table stamp (event integer primary key, at_ns integer not null)"))
             ? ALUDEL_FATAL
             : ALUDEL_HANDLED;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  (void)self;
  aludel_statement* insert;
  if (call->host->prepare(call, ALUDEL_LIT("insert into stamp values (?, ?)"), &insert)) return ALUDEL_FAIL;
  const aludel_value row[] = {{ALUDEL_INTEGER, 0, {(int64_t)event->id}},
                              {ALUDEL_INTEGER, 0, {(int64_t)now.tv_sec * 1000000000 + now.tv_nsec}}};
  return call->host->run(call, insert, row, 2, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

static void destroy(void* self) {
  (void)self;
}

BENCH_HANDLER("stamp", .projection_version = 1, .create = create, .migrate = migrate, .handle = handle,
              .destroy = destroy);
