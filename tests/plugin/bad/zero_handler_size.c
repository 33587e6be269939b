/* SPDX-License-Identifier: MIT */
#define HANDLER_SIZE 0
#include "base.h"
