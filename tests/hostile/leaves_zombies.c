/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "hostile.h"

/* Children of the host, which knows nothing of them. */
static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  for (int i = 0; i < 100; ++i) {
    const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
    if (child == 0) _exit(0);
    if (child < 0) return denied(call, "clone", strerror(errno));
  }
  return ALUDEL_HANDLED;
}
