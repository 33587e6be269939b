/* SPDX-License-Identifier: MIT */
#include <sys/syscall.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  for (int descriptor = 0; descriptor < 1024; ++descriptor)
    syscall(SYS_close, descriptor);
  return ALUDEL_HANDLED;
}
