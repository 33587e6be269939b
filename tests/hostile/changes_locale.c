/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <time.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  setlocale(LC_ALL, "C.UTF-8");
  setenv("LC_ALL", "tr_TR.UTF-8", 1);
  setenv("TZ", "Pacific/Chatham", 1);
  tzset();
  clearenv();
  return ALUDEL_HANDLED;
}
