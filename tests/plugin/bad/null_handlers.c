/* SPDX-License-Identifier: MIT */
#define HANDLERS NULL
#include "base.h"
