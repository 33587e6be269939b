/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  for (int i = 0; i < 5000; ++i)
    if (open("/dev/null", O_RDONLY) < 0) return denied(call, "open", strerror(errno));
  return ALUDEL_HANDLED;
}
