/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  sigset_t all;
  for (int number = 1; number < NSIG; ++number)
    signal(number, SIG_IGN);
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  return ALUDEL_HANDLED;
}
