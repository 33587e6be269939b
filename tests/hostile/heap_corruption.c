/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  char* volatile block = malloc(100); /* or the compiler would leave it all out */
  memset(block - 16, 0x41, 200);
  free(block);
  free(malloc(100));
  return ALUDEL_HANDLED;
}
