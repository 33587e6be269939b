/* SPDX-License-Identifier: MIT */
/* Counts events in memory: what is left is the way to a handler. */
#include <aludel/plugin.h>
#include <stdlib.h>

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

static const aludel_subscription all = {sizeof all, ALUDEL_ALL, ALUDEL_STR("")};
static const aludel_subscription* const subscriptions[] = {&all};
static const aludel_handler handler = {.struct_size = sizeof handler,
                                       .subscription_count = 1,
                                       .id = ALUDEL_STR("org.aludel.bench.count"),
                                       .version = ALUDEL_STR("1.0.0"),
                                       .subscriptions = subscriptions,
                                       .create = create,
                                       .handle = handle,
                                       .destroy = destroy};
static const aludel_handler* const handlers[] = {&handler};
static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  (void)hello;
  return &library;
}
