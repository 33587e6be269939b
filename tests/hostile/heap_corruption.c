/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  char* block = malloc(100);
  volatile char* bytes = block;
  for (int i = -16; i < 184; ++i)
    bytes[i] = 0x41;
  free(block);
  return ALUDEL_HANDLED;
}
