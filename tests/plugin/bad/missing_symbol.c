/* SPDX-License-Identifier: MIT */
void nobody_defines_this(void);
#define IN_ENTRY \
  (void)hello;   \
  nobody_defines_this()
#include "base.h"
