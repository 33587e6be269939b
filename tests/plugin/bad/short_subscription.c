/* SPDX-License-Identifier: MIT */
#define SUBSCRIPTION_SIZE 8
#include "base.h"
