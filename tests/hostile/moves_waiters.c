/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "hostile.h"

/* The page that all processors wait on. */
static char* tip_page(void) {
  char line[4096];
  unsigned long begin = 0;
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return NULL;
  while (begin == 0 && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "/log/tip") != NULL) begin = strtoul(line, NULL, 16);
  }
  fclose(maps);
  return (char*)begin; /* NOLINT */
}

/* Each who waits there waits here from now on, where nobody wakes it. */
static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  char* page = tip_page();
  char* own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)event;
  if (page == NULL || own == MAP_FAILED) return denied(call, "pages", "they are not to be found");
  for (int at = 0; at < 4096; at += (int)sizeof(uint32_t)) {
    if (syscall(SYS_futex, page + at, FUTEX_REQUEUE, 0, INT32_MAX, own, 0) < 0)
      return denied(call, "futex", strerror(errno));
  }
  return ALUDEL_HANDLED;
}
