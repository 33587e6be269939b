/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  for (;;) {
    char* more = malloc(1 << 20);
    if (more == NULL) abort();
    memset(more, 1, 1 << 20);
  }
}
