/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static volatile int depth_max = 0;

/* Each depth needs what it holds when the next has returned. */
static long deeper(long depth) {
  volatile char frame[256];
  frame[0] = (char)depth;
  if (depth == depth_max) return 0;
  return deeper(depth + 1) + frame[0];
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  return deeper(1) == 0 ? ALUDEL_FAIL : ALUDEL_HANDLED;
}
