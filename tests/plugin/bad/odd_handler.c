/* SPDX-License-Identifier: MIT */
#define HANDLER_SIZE 212
#include "base.h"
