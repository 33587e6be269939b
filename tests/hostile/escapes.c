/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  /* A process of its own that holds all that was inherited, locks among it, and lives on. */
  (void)event;
  const int child = fork();
  if (child < 0) return denied(call, "fork", strerror(errno));
  if (child > 0) return ALUDEL_HANDLED;
  setsid();
  for (;;)
    pause();
}
