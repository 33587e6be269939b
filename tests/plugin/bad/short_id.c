/* SPDX-License-Identifier: MIT */
#define ID ALUDEL_STR("a.")
#include "base.h"
