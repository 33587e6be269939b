/* SPDX-License-Identifier: MIT */
#define CREATE NULL
#include "base.h"
