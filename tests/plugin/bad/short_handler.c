/* SPDX-License-Identifier: MIT */
#define HANDLER_SIZE 200
#include "base.h"
