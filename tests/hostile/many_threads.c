/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "hostile.h"

static void* wait_for_ever(void* nothing) {
  for (;;)
    pause();
  return nothing;
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  for (int i = 0; i < 5000; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
      return denied(call, "pthread_create", "no thread is to be had");
  }
  return ALUDEL_HANDLED;
}
