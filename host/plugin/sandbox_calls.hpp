// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/os/call_filter.hpp"
#include "plugin/sandbox.hpp"

namespace aludel {

/// The newest system call that was looked at when the rules were made: `file_setattr` of Linux 6.17.
inline constexpr long newest_call = 469;

/// What the rules depend on.
struct CallPolicy {
  int process = 0;             ///< its id: it may signal itself
  bool network = false;        ///< TCP and UDP
  bool sees_truncate = false;  ///< Landlock does, so that the call need not be refused
};

/// The rules for a process that runs a plugin. The program goes by their order, so what is often called and
/// depends on its arguments comes first.
[[nodiscard]] std::vector<os::CallRule> call_rules(const CallPolicy& policy);

}  // namespace aludel
