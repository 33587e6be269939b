/* SPDX-License-Identifier: MIT */
#define MINOR_REQUIRED 99
#include "base.h"
