/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  /* In its own folder, as much as it is let. */
  (void)event;
  static char block[1 << 20];
  char path[4096];
  snprintf(path, sizeof path, "%s/fill", getenv("TMPDIR"));
  FILE* file = fopen(path, "w");
  if (file == NULL) return denied(call, "open", strerror(errno));
  for (int i = 0; i < 4096; ++i) {
    if (fwrite(block, sizeof block, 1, file) == 1) continue;
    fclose(file);
    return denied(call, "write", "no more is let in");
  }
  fclose(file);
  return ALUDEL_HANDLED;
}
