/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  for (int i = 0; i < 100000; ++i)
    call->host->log(call->host, ALUDEL_LOG_INFO, ALUDEL_LIT("flood"));
  return ALUDEL_HANDLED;
}
