/* SPDX-License-Identifier: MIT */
#define HANDLER_COUNT 257
#include "base.h"
