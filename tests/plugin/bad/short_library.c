/* SPDX-License-Identifier: MIT */
#define LIBRARY_SIZE 16
#include "base.h"
