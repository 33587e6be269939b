/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  if (kill(getppid(), SIGKILL) != 0) return denied(call, "kill", strerror(errno));
  return ALUDEL_HANDLED;
}
