/* SPDX-License-Identifier: MIT */
#define MIGRATE NULL
#include "base.h"
