/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  /* Each that comes to be forks as well, up to 2^8 of them, and none ends by itself. */
  for (int depth = 0; depth < 8; ++depth)
    if (fork() < 0) return denied(call, "fork", "no process is to be had");
  for (;;)
    pause();
}
