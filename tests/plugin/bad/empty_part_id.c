/* SPDX-License-Identifier: MIT */
#define ID ALUDEL_STR("org..bad")
#include "base.h"
