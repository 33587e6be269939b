/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
/* Makes the file that the environment names, by itself or by a process of its own. */
__attribute__((constructor)) static void construct(void) {
  const char* path = getenv("ALUDEL_REACHES_OUT_TO");
  if (path == NULL) return;
  open(path, O_WRONLY | O_CREAT, 0600);
  if (fork() == 0) execlp("touch", "touch", path, (char*)NULL);
}
#include "base.h"
