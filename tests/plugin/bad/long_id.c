/* SPDX-License-Identifier: MIT */
#define TEN "aaaaaaaaaa"
#define ID ALUDEL_STR("a." TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN)
#include "base.h"
