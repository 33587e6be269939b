/* SPDX-License-Identifier: MIT */
#define KIND ALUDEL_PREFIX
#define TYPE ALUDEL_STR("")
#include "base.h"
