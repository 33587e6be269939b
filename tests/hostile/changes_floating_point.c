/* SPDX-License-Identifier: MIT */
#include <fenv.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  fesetround(FE_DOWNWARD);
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  return ALUDEL_HANDLED;
}
