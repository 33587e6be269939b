/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  raise(SIGSTOP);
  return ALUDEL_HANDLED;
}
