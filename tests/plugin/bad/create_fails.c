/* SPDX-License-Identifier: MIT */
#include <aludel/plugin.h>

static int32_t failing_create(aludel_call* call, const char* config, uint64_t size, void** self) {
  aludel_error error = {
      sizeof error, 0, ALUDEL_STR("bad_config"), ALUDEL_STR("limit must be positive"), {NULL, 0}, 0,
      UINT64_MAX};
  (void)config;
  (void)size;
  (void)self;
  call->host->set_error(call, &error);
  return ALUDEL_FAIL;
}

static void aborting_destroy(void* self) {
  (void)self;
  __builtin_trap(); /* never reached: a create that failed is not destroyed */
}

#define CREATE failing_create
#define DESTROY aborting_destroy
#include "base.h"
