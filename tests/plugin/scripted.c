/* SPDX-License-Identifier: MIT */
/* A handler that does what a test tells it: its config is {"script":N}, N the address of a struct script. */
#include <stdlib.h>
#include <string.h>

#include "script.h"

static int32_t run(void* self, uint32_t stage, aludel_call* call, const aludel_event* event, uint64_t first,
                   uint64_t second) {
  const struct script* script = self;
  return script->run(script->context, stage, call, event, first, second);
}

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)size;
  *self = (void*)(uintptr_t)strtoull(strchr(config, ':') + 1, NULL, 10);
  return run(*self, ALUDEL_STAGE_CREATE, call, NULL, 0, 0);
}
static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  return run(self, ALUDEL_STAGE_MIGRATE, call, NULL, from, to);
}
static int32_t start(void* self, aludel_call* call) {
  return run(self, ALUDEL_STAGE_START, call, NULL, 0, 0);
}
static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  return run(self, ALUDEL_STAGE_HANDLE, call, event, 0, 0);
}
static int32_t flush(void* self, aludel_call* call) {
  return run(self, ALUDEL_STAGE_FLUSH, call, NULL, 0, 0);
}
static void rolled_back(void* self, aludel_call* call, uint64_t event_id) {
  run(self, ALUDEL_STAGE_ROLLED_BACK, call, NULL, event_id, 0);
}
static void stop(void* self, aludel_call* call) {
  run(self, ALUDEL_STAGE_STOP, call, NULL, 0, 0);
}
static void destroy(void* self) {
  run(self, SCRIPT_DESTROY, NULL, NULL, 0, 0);
}

static const aludel_subscription deposits = {sizeof deposits, ALUDEL_EXACT, ALUDEL_STR("deposit")};
static const aludel_subscription* const subscriptions[] = {&deposits};

static const aludel_handler scripted = {.struct_size = sizeof scripted,
                                        .projection_version = 3,
                                        .subscription_count = 1,
                                        .id = ALUDEL_STR("org.example.scripted"),
                                        .version = ALUDEL_STR("1.0.0"),
                                        .subscriptions = subscriptions,
                                        .create = create,
                                        .migrate = migrate,
                                        .start = start,
                                        .handle = handle,
                                        .flush = flush,
                                        .rolled_back = rolled_back,
                                        .stop = stop,
                                        .destroy = destroy};
/* Only what is required. */
static const aludel_handler minimal = {.struct_size = sizeof minimal,
                                       .subscription_count = 1,
                                       .id = ALUDEL_STR("org.example.minimal"),
                                       .subscriptions = subscriptions,
                                       .create = create,
                                       .handle = handle,
                                       .destroy = destroy};
static const aludel_handler dynamic = {.struct_size = sizeof dynamic,
                                       .flags = ALUDEL_HANDLER_DYNAMIC,
                                       .id = ALUDEL_STR("org.example.dynamic"),
                                       .create = create,
                                       .migrate = migrate,
                                       .start = start,
                                       .handle = handle,
                                       .flush = flush,
                                       .rolled_back = rolled_back,
                                       .stop = stop,
                                       .destroy = destroy};

/* Declares a subscription that create() may replace. */
static const aludel_handler replacing = {.struct_size = sizeof replacing,
                                         .flags = ALUDEL_HANDLER_DYNAMIC,
                                         .subscription_count = 1,
                                         .id = ALUDEL_STR("org.example.replacing"),
                                         .subscriptions = subscriptions,
                                         .create = create,
                                         .handle = handle,
                                         .destroy = destroy};

static const aludel_handler* const handlers[] = {&scripted, &minimal, &dynamic, &replacing};
static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 4, handlers};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  (void)hello;
  return &library;
}
