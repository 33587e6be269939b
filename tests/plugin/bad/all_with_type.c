/* SPDX-License-Identifier: MIT */
#define KIND ALUDEL_ALL
#include "base.h"
