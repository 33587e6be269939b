/* SPDX-License-Identifier: MIT */
#include "hostile.h"

__attribute__((destructor)) static void on_exit_of_process(void) {
  abort();
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  return ALUDEL_HANDLED;
}
