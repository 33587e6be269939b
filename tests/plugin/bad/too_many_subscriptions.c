/* SPDX-License-Identifier: MIT */
#define SUBSCRIPTION_COUNT 1025
#include "base.h"
