/* SPDX-License-Identifier: MIT */
/* How a test writes what the plugin "scripted" does: each of its functions calls this one. */
#ifndef ALUDEL_TEST_SCRIPT_H
#define ALUDEL_TEST_SCRIPT_H

#include <aludel/plugin.h>

/** What destroy() passes as its stage. */
#define SCRIPT_DESTROY 100u

struct script {
  void* context;
  /** `first` and `second`: the arguments of migrate() and rolled_back(), else 0. */
  int32_t (*run)(void* context, uint32_t stage, aludel_call* call, const aludel_event* event, uint64_t first,
                 uint64_t second);
};

#endif
