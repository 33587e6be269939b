/* SPDX-License-Identifier: MIT */
#define SUBSCRIPTIONS NULL
#include "base.h"
