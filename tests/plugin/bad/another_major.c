/* SPDX-License-Identifier: MIT */
#define aludel_plugin_v1 aludel_plugin_v2
#include "base.h"
