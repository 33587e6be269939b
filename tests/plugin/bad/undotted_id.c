/* SPDX-License-Identifier: MIT */
#define ID ALUDEL_STR("example")
#include "base.h"
