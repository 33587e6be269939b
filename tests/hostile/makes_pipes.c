/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/stat.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  /* In place of the projection: whoever opens that waits for somebody who writes. */
  char pipe[4096];
  char projection[4096];
  (void)event;
  snprintf(pipe, sizeof pipe, "%s/pipe", getenv("TMPDIR"));
  snprintf(projection, sizeof projection, "%s/projection.db", getenv("TMPDIR"));
  if (mkfifo(pipe, 0600) != 0) return denied(call, "mkfifo", strerror(errno));
  rename(pipe, projection);
  return ALUDEL_HANDLED;
}
