/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include "hostile.h"

static jmp_buf place;

/* Into a frame that is gone, past the host's. */
__attribute__((constructor)) static void remember(void) {
  if (setjmp(place) != 0) abort();
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  longjmp(place, 1);
}
