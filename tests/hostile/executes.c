/* SPDX-License-Identifier: MIT */
#include "hostile.h"

#include <errno.h>

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  execl("/bin/true", "true", (char*)NULL);
  return denied(call, "exec", strerror(errno));
}
