/* SPDX-License-Identifier: MIT */
#define HANDLE NULL
#include "base.h"
