/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  char page[4096];
  (void)call;
  (void)event;
  snprintf(page, sizeof page, "%s/page", getenv("TMPDIR"));
  unlink(page);
  abort();
}
