/* SPDX-License-Identifier: MIT */
#define NAME ALUDEL_STR("a\0b")
#include "base.h"
