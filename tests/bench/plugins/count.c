/* SPDX-License-Identifier: MIT */
/* Counts events in memory: what is left is the way to a handler. */
#include <stdlib.h>

#include "handler.h"

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call, (void)config, (void)size;
  *self = calloc(1, sizeof(uint64_t));
  return *self == NULL ? ALUDEL_FAIL : ALUDEL_HANDLED;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  (void)call;
  *(uint64_t*)self += event->data_size;
  return ALUDEL_HANDLED;
}

static void destroy(void* self) {
  free(self);
}

BENCH_HANDLER("count", .create = create, .handle = handle, .destroy = destroy);
