/* SPDX-License-Identifier: MIT */
#define NAME ALUDEL_STR("caf\351")
#include "base.h"
