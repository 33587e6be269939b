// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/os/call_filter.hpp"
#include "base/os/call_teller.hpp"
#include "base/result.hpp"

/// Puts rules for system calls in force, for good, without any privilege (seccomp).
namespace aludel::os {

/// What the kernel has of this.
enum class CallGuard {
  none,    ///< no seccomp: calls cannot be restricted
  silent,  ///< they can, but nobody can be told of it (before Linux 5.19)
  telling,
};
[[nodiscard]] CallGuard call_guard();

/// Holds from here on for this thread and whatever it starts, so call it before there are others, and once.
/// Needs `give_up_privileges`.
///
/// So that refusals can be told, calls that are refused or watched wait for a process of their own
/// (`base/os/call_arbiter.hpp`), which asks a thread of this one (`base/os/call_teller.hpp`): that makes a
/// watched call itself, in the same process, under the same restrictions. A call of another process, such as
/// one that was forked off, is left to that, and not told. A plugin that gets the better of that thread gains
/// nothing but silence.
/// @param newest calls with a higher number are absent  @param on_refused null: nobody is told
/// @return whether it is told; unsupported: there is no seccomp
[[nodiscard]] Result<bool> restrict_calls(std::vector<CallRule> rules, long newest, OnRefused on_refused);

}  // namespace aludel::os
