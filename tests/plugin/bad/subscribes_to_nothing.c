/* SPDX-License-Identifier: MIT */
#define SUBSCRIPTION_COUNT 0
#include "base.h"
