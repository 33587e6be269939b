/* SPDX-License-Identifier: MIT */
#include <unistd.h>
__attribute__((constructor)) static void construct(void) {
  for (;;)
    pause();
}
#include "base.h"
