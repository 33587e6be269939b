/* SPDX-License-Identifier: MIT */
#define FIRST_HANDLER NULL
#include "base.h"
