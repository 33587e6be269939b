/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "hostile.h"

static void* work(void* nothing) {
  for (;;)
    usleep(1000);
  return nothing;
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)call;
  (void)event;

  for (int i = 0; i < 10; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL) != 0)
      return denied(call, "pthread_create", "no thread is to be had");
  }
  return ALUDEL_HANDLED;
}
