/* SPDX-License-Identifier: MIT */
/* What the bench's plugins share: each is one handler, of all events. */
#ifndef BENCH_HANDLER_H
#define BENCH_HANDLER_H

#include <aludel/plugin.h>

/* Goes at the end of a plugin: its name, and the members of aludel_handler that are its own. */
#define BENCH_HANDLER(NAME, ...)                                                               \
  static const aludel_subscription all = {sizeof all, ALUDEL_ALL, ALUDEL_STR("")};             \
  static const aludel_subscription* const subscriptions[] = {&all};                            \
  static const aludel_handler handler = {.struct_size = sizeof handler,                        \
                                         .subscription_count = 1,                              \
                                         .id = ALUDEL_STR("org.aludel.bench." NAME),           \
                                         .version = ALUDEL_STR("1.0.0"),                       \
                                         .subscriptions = subscriptions,                       \
                                         __VA_ARGS__};                                         \
  static const aludel_handler* const handlers[] = {&handler};                                  \
  static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};    \
  ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) { \
    (void)hello;                                                                               \
    return &library;                                                                           \
  }                                                                                            \
  struct bench_handler_ends

#endif
