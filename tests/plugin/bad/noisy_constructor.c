/* SPDX-License-Identifier: MIT */
#include <stdio.h>
__attribute__((constructor)) static void construct(void) {
  puts("{\"reason\":\"x\",\"message\":\"y\"}");
  fputs("to stderr\n", stderr);
  fflush(stdout);
}
#include "base.h"
