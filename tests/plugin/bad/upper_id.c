/* SPDX-License-Identifier: MIT */
#define ID ALUDEL_STR("org.Example.bad")
#include "base.h"
