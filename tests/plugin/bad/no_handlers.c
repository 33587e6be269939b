/* SPDX-License-Identifier: MIT */
#define HANDLER_COUNT 0
#include "base.h"
