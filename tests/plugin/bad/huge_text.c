/* SPDX-License-Identifier: MIT */
#define NAME \
  { "", 1u << 30 }
#include "base.h"
