/* SPDX-License-Identifier: MIT */
static const char type[1025] = "deposit";
#define TYPE \
  { type, sizeof type }
#include "base.h"
