/* SPDX-License-Identifier: MIT */
#define RESULT NULL
#define IN_ENTRY hello->refuse(hello, ALUDEL_LIT("no licence for this machine"))
#include "base.h"
