/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/ptrace.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0) return denied(call, "ptrace", strerror(errno));
  return ALUDEL_HANDLED;
}
