/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  execl("/bin/true", "true", (char*)NULL);
  return denied(call, "exec", strerror(errno));
}
