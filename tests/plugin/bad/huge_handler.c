/* SPDX-License-Identifier: MIT */
#define HANDLER_SIZE 4104
#include "base.h"
