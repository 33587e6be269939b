// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <linux/seccomp.h>

#include "base/os/call_filter.hpp"

/// What those who answer for a guarded process tell each other, a packet each: the kernel's `seccomp_notif`,
/// and `seccomp_notif_resp` with the same id.
namespace aludel::os {

/// As large as any kernel's, which copies what it has.
template <typename T>
union Room {
  T value;
  char bytes[512];
};

inline Arguments arguments_of(const seccomp_notif& call) {
  Arguments arguments;
  std::copy_n(call.data.args, arguments.size(), arguments.begin());
  return arguments;
}

}  // namespace aludel::os
