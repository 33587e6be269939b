/* SPDX-License-Identifier: MIT */
#define TYPE ALUDEL_STR("")
#include "base.h"
