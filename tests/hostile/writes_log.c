/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  /* The tip page and the segments lie where the projection's folder says. */
  (void)event;
  int opened = 0;
  char path[64];
  for (int descriptor = 3; descriptor < 64; ++descriptor) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    char target[4096];
    const ssize_t size = readlink(path, target, sizeof target - 1);
    if (size < 0) continue;
    target[size] = '\0';
    if (strstr(target, "/log/") == NULL) continue;
    const int file = open(target, O_RDWR);
    if (file < 0) continue;
    ++opened;
    close(file);
  }
  return opened == 0 ? denied(call, "open", "nothing of the log can be opened to be written")
                     : ALUDEL_HANDLED;
}
