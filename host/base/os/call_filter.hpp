// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <linux/filter.h>
#include <string_view>
#include <vector>

/// Which system calls a process may make: rules, and the program for the kernel (seccomp) that decides by
/// them. Pure; `base/os/call_guard.hpp` puts it in force.
namespace aludel::os {

/// What becomes of a call.
enum class Ruling {
  refused,          ///< EPERM, and it is told
  refused_quietly,  ///< EPERM: those who ask for it live without
  absent,           ///< ENOSYS, as of a kernel that does not have it: callers have another way
  watched,          ///< it may be made, but is told if the kernel permits it not
};

/// Holds if the masked lower half of an argument is the value, or is not.
struct ArgumentTest {
  int argument;
  std::uint32_t mask;
  std::uint32_t value;
  bool is_equal;
};

struct CallRule {
  long number;
  std::string_view name;
  Ruling ruling;
  std::vector<ArgumentTest> when = {};  ///< all of them hold, or the rule says nothing
  /// Which argument is a path, -1 for none. @param at the one before is the folder that it begins in
  int path = -1;
  bool at = false;
  bool opens = false;            ///< it gives a descriptor, and may wait until somebody opens the other end
  std::string_view remedy = {};  ///< what would allow it, for whoever is told; empty: nothing does
};

using Arguments = std::array<std::uint64_t, 6>;

/// The first rule that says something of a call; null: it is allowed.
[[nodiscard]] const CallRule* ruling_rule(const std::vector<CallRule>& rules, long number,
                                          const Arguments& arguments);

/// What each ruling is to the kernel (SECCOMP_RET_*).
struct Verdicts {
  std::uint32_t refused;
  std::uint32_t watched;
};

/// The program for the kernel. Calls of another architecture's numbering, and those that are newer than
/// `newest`, are absent: nobody has judged them.
[[nodiscard]] std::vector<sock_filter> compile(const std::vector<CallRule>& rules, long newest,
                                               const Verdicts& verdicts);

}  // namespace aludel::os
