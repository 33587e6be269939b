/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  for (int descriptor = 3; descriptor <= 4; ++descriptor)
    if (write(descriptor, "\n{\"garbage\": 1}\n\0\xff", 19) < 0) continue;
  pause();
  return ALUDEL_HANDLED;
}
