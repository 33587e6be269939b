/* SPDX-License-Identifier: MIT */
#include <stdexcept>

#include "hostile.h"

static int32_t do_harm(aludel_call*, const aludel_event*) {
  throw std::runtime_error("thrown through C");
}
