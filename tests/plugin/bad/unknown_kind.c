/* SPDX-License-Identifier: MIT */
#define KIND 9
#include "base.h"
