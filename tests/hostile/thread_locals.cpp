/* SPDX-License-Identifier: MIT */
#include "hostile.h"

namespace {

// Of the host's thread: it outlives the instance.
struct Outlives {
  ~Outlives() { std::abort(); }
  int value = 0;
};
thread_local Outlives outlives;

}  // namespace

static int32_t do_harm(aludel_call*, const aludel_event*) {
  ++outlives.value;
  return ALUDEL_HANDLED;
}
