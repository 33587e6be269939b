/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  FILE* file = fopen("/etc/passwd", "r");
  if (file == NULL) return denied(call, "open", strerror(errno));
  fclose(file);
  return ALUDEL_HANDLED;
}
