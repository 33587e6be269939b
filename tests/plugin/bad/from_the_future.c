/* SPDX-License-Identifier: MIT */
/* Built against a later 1.x, whose structs go on where 1.0's end. */
#include <aludel/plugin.h>

struct future_subscription {
  aludel_subscription known;
  uint64_t more[4];
};
struct future_handler {
  aludel_handler known;
  void (*more[7])(void);
};
struct future_library {
  aludel_library known;
  uint64_t more;
};

#define FIRST_HANDLER &future_handler.known
#define SUBSCRIPTIONS future_subscriptions
#define RESULT &future_library.known

static int32_t create(aludel_call*, const char*, uint64_t, void**);
static int32_t handle(void*, aludel_call*, const aludel_event*);
static void destroy(void*);

static const struct future_subscription future_subscription = {
    {sizeof future_subscription, ALUDEL_PREFIX, ALUDEL_STR("later.")}, {1, 2, 3, 4}};
static const aludel_subscription* const future_subscriptions[] = {&future_subscription.known};
static const struct future_handler future_handler = {{.struct_size = sizeof future_handler,
                                                      .subscription_count = 1,
                                                      .id = ALUDEL_STR("org.example.future"),
                                                      .subscriptions = future_subscriptions,
                                                      .create = create,
                                                      .handle = handle,
                                                      .destroy = destroy},
                                                     {0}};
static const aludel_handler* const future_handlers[] = {&future_handler.known};
static const struct future_library future_library = {{sizeof future_library, 7, 0, 1, future_handlers}, 42};

#include "base.h"
