/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#define IN_ENTRY \
  (void)hello;   \
  abort()
#include "base.h"
