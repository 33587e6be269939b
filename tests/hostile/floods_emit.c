/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  aludel_new_event emitted;
  memset(&emitted, 0, sizeof emitted);
  emitted.struct_size = sizeof emitted;
  emitted.type = hostile_text("calm.emitted");
  emitted.content_type = hostile_text("text/plain");
  emitted.data = "x";
  emitted.data_size = 1;
  for (int i = 0; i < 100000; ++i)
    if (call->host->emit(call, &emitted) != ALUDEL_OK) return ALUDEL_FAIL;
  return ALUDEL_HANDLED;
}
