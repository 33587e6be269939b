/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return ALUDEL_HANDLED;
}
