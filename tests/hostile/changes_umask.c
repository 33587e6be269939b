/* SPDX-License-Identifier: MIT */
#include "hostile.h"

#include <sys/stat.h>

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  umask(0777);
  return ALUDEL_HANDLED;
}
