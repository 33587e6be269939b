/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "hostile.h"

static void* use(void* kept) {
  aludel_call* call = kept;
  aludel_statement* statement;
  const int32_t result = call->host->prepare(call, ALUDEL_LIT("delete from seen"), &statement);
  return result == ALUDEL_MISUSE ? kept : NULL;
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  pthread_t thread;
  void* answer = NULL;
  if (pthread_create(&thread, NULL, use, call) != 0)
    return denied(call, "pthread_create", "no thread is to be had");
  pthread_join(thread, &answer);
  return answer == NULL ? ALUDEL_HANDLED
                        : denied(call, "misuse", "the host refuses a call from another thread");
}
