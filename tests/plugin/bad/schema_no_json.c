/* SPDX-License-Identifier: MIT */
#define SCHEMA ALUDEL_STR("{type: object}")
#include "base.h"
