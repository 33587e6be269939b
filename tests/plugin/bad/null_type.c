/* SPDX-License-Identifier: MIT */
#define TYPE \
  { NULL, 7 }
#include "base.h"
