/* SPDX-License-Identifier: MIT */
#define RESULT NULL
#include "base.h"
