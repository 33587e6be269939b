/* SPDX-License-Identifier: MIT */
/* One upsert an event: how many events a key had, and how many bytes. The statement is the yardstick's. */
#include "handler.h"

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call, (void)config, (void)size;
  *self = NULL;
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self, (void)from, (void)to;
  return call->host->exec(call,
                          ALUDEL_LIT("create table total (key text primary key, events integer not null, "
                                     "bytes integer not null) without rowid"))
             ? ALUDEL_FATAL
             : ALUDEL_HANDLED;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  (void)self;
  aludel_statement* add;
  if (call->host->prepare(call,
                          ALUDEL_LIT("insert into total values (?, 1, ?) on conflict do update set events = "
                                     "events + 1, bytes = bytes + excluded.bytes"),
                          &add))
    return ALUDEL_FAIL;
  aludel_value row[] = {{ALUDEL_TEXT, 0, {0}}, {ALUDEL_INTEGER, 0, {(int64_t)event->data_size}}};
  row[0].as.bytes = event->key;
  return call->host->run(call, add, row, 2, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

static void destroy(void* self) {
  (void)self;
}

BENCH_HANDLER("upsert", .projection_version = 1, .create = create, .migrate = migrate, .handle = handle,
              .destroy = destroy);
