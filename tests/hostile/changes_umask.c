/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  umask(0777);
  return ALUDEL_HANDLED;
}
