/* SPDX-License-Identifier: MIT */
#define NAME ALUDEL_STR("1\033[31m\a\n2")
#include "base.h"
