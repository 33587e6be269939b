/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  if (call->host->exec(call, ALUDEL_LIT("drop table seen")) != ALUDEL_OK) return ALUDEL_FAIL;
  return ALUDEL_HANDLED;
}
