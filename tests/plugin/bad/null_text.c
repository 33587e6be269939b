/* SPDX-License-Identifier: MIT */
#define NAME \
  { NULL, 5 }
#include "base.h"
