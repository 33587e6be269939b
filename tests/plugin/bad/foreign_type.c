/* SPDX-License-Identifier: MIT */
#define TYPE ALUDEL_STR("caf\351")
#include "base.h"
