/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  aludel_statement* statement = (aludel_statement*)(uintptr_t)0x1234567;
  if (call->host->run(call, statement, NULL, 0, NULL) != ALUDEL_OK) return ALUDEL_FAIL;
  return ALUDEL_HANDLED;
}
