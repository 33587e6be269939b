/* SPDX-License-Identifier: MIT */
#define DESTROY NULL
#include "base.h"
