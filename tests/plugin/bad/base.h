/* SPDX-License-Identifier: MIT */
/* A plugin without a fault. A file that breaks one rule defines what it breaks, then includes this. */
#ifndef BAD_BASE_H
#define BAD_BASE_H

#include <aludel/plugin.h>

#ifndef CREATE
#define CREATE create
#endif
#ifndef MIGRATE
#define MIGRATE migrate
#endif
#ifndef HANDLE
#define HANDLE handle
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif
#ifndef ID
#define ID ALUDEL_STR("org.example.bad")
#endif
#ifndef NAME
#define NAME ALUDEL_STR("Bad")
#endif
#ifndef SCHEMA
#define SCHEMA ALUDEL_STR("{\"type\":\"object\"}")
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef KIND
#define KIND ALUDEL_EXACT
#endif
#ifndef TYPE
#define TYPE ALUDEL_STR("deposit")
#endif
#ifndef SUBSCRIPTION_COUNT
#define SUBSCRIPTION_COUNT 1
#endif
#ifndef SUBSCRIPTION_SIZE
#define SUBSCRIPTION_SIZE 24
#endif
#ifndef HANDLER_SIZE
#define HANDLER_SIZE 208
#endif
#ifndef LIBRARY_SIZE
#define LIBRARY_SIZE 24
#endif
#ifndef MINOR_REQUIRED
#define MINOR_REQUIRED 0
#endif
#ifndef HANDLER_COUNT
#define HANDLER_COUNT 1
#endif
#ifndef HANDLERS
#define HANDLERS handlers
#endif
#ifndef FIRST_HANDLER
#define FIRST_HANDLER &handler
#endif
#ifndef SECOND_HANDLER
#define SECOND_HANDLER NULL
#endif
#ifndef SUBSCRIPTIONS
#define SUBSCRIPTIONS subscriptions
#endif
#ifndef RESULT
#define RESULT &library
#endif
#ifndef IN_ENTRY
#define IN_ENTRY (void)hello
#endif

#define UNUSED __attribute__((unused))

UNUSED static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call;
  (void)config;
  (void)size;
  *self = NULL;
  return ALUDEL_HANDLED;
}
UNUSED static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self;
  (void)call;
  (void)from;
  (void)to;
  return ALUDEL_HANDLED;
}
UNUSED static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  (void)self;
  (void)call;
  (void)event;
  return ALUDEL_HANDLED;
}
UNUSED static void destroy(void* self) {
  (void)self;
}

static const aludel_subscription subscription = {SUBSCRIPTION_SIZE, KIND, TYPE};
UNUSED static const aludel_subscription* const subscriptions[] = {&subscription};
UNUSED static const aludel_handler handler = {.struct_size = HANDLER_SIZE,
                                              .flags = FLAGS,
                                              .projection_version = 1,
                                              .subscription_count = SUBSCRIPTION_COUNT,
                                              .id = ID,
                                              .name = NAME,
                                              .version = ALUDEL_STR("1.2.3"),
                                              .vendor = ALUDEL_STR("Example"),
                                              .description = ALUDEL_STR("Does nothing."),
                                              .config_schema = SCHEMA,
                                              .subscriptions = SUBSCRIPTIONS,
                                              .create = CREATE,
                                              .migrate = MIGRATE,
                                              .handle = HANDLE,
                                              .destroy = DESTROY};
UNUSED static const aludel_handler* const handlers[] = {FIRST_HANDLER, SECOND_HANDLER};
UNUSED static const aludel_library library = {LIBRARY_SIZE, ALUDEL_ABI_MINOR, MINOR_REQUIRED, HANDLER_COUNT,
                                              HANDLERS};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  IN_ENTRY;
  return RESULT;
}

#endif
