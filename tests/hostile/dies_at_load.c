/* SPDX-License-Identifier: MIT */
#include "hostile.h"

__attribute__((constructor)) static void on_load(void) {
  abort();
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  return ALUDEL_HANDLED;
}
