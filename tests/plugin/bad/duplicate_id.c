/* SPDX-License-Identifier: MIT */
#define HANDLER_COUNT 2
#define SECOND_HANDLER &handler
#include "base.h"
