/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  /* Over the code of the host function that is called next. */
  (void)event;
  const uintptr_t page = (uintptr_t)call->host->log & ~(uintptr_t)4095;
  mmap((void*)page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  call->host->log(call->host, ALUDEL_LOG_INFO, ALUDEL_LIT("gone"));
  return ALUDEL_HANDLED;
}
