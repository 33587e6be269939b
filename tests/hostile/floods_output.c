/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  for (int i = 0; i < 200000; ++i)
    puts("flood");
  fflush(NULL);
  return ALUDEL_HANDLED;
}
