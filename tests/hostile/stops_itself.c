/* SPDX-License-Identifier: MIT */
#include "hostile.h"

#include <signal.h>

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  raise(SIGSTOP);
  return ALUDEL_HANDLED;
}
