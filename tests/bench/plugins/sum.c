/* SPDX-License-Identifier: MIT */
/* Adds up payload lengths, and notes when it has come how far: a row each tenth of `events` (of the config).
 */
#include <stdlib.h>
#include <time.h>

#include "handler.h"

struct sum {
  int64_t events, bytes, tenth;
};

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  struct sum* sum = calloc(1, sizeof *sum);
  aludel_value tenth;
  if (sum == NULL || call->host->json(call, config, size, ALUDEL_LIT("/tenth"), &tenth)) return ALUDEL_FAIL;
  sum->tenth = tenth.as.integer;
  *self = sum;
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self, (void)from, (void)to;
  return call->host->exec(
             call, ALUDEL_LIT("create table sum (events integer primary key, bytes integer, at_ns integer)"))
             ? ALUDEL_FATAL
             : ALUDEL_HANDLED;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  struct sum* sum = self;
  aludel_statement* insert;
  sum->bytes += (int64_t)event->data_size;
  if (sum->events++ % sum->tenth != 0) return ALUDEL_HANDLED;
  if (call->host->prepare(call, ALUDEL_LIT("insert or replace into sum values (?, ?, ?)"), &insert))
    return ALUDEL_FAIL;
  const aludel_value row[] = {
      {ALUDEL_INTEGER, 0, {sum->events}}, {ALUDEL_INTEGER, 0, {sum->bytes}}, {ALUDEL_INTEGER, 0, {now_ns()}}};
  return call->host->run(call, insert, row, 3, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

/* The last row of the batch is the sum up to here. */
static int32_t flush(void* self, aludel_call* call) {
  struct sum* sum = self;
  aludel_statement* insert;
  if (call->host->prepare(call, ALUDEL_LIT("insert or replace into sum values (-1, ?, ?)"), &insert))
    return ALUDEL_FAIL;
  const aludel_value row[] = {{ALUDEL_INTEGER, 0, {sum->bytes}}, {ALUDEL_INTEGER, 0, {now_ns()}}};
  return call->host->run(call, insert, row, 2, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

static void destroy(void* self) {
  free(self);
}

BENCH_HANDLER("sum", .projection_version = 1, .create = create, .migrate = migrate, .handle = handle,
              .flush = flush, .destroy = destroy);
