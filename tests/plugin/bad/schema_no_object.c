/* SPDX-License-Identifier: MIT */
#define SCHEMA ALUDEL_STR("[]")
#include "base.h"
