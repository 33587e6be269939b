// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/os/call_filter.hpp"
#include "base/os/descriptor.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// A process that has the last word on the calls of the one that started it: those that are refused or
/// watched wait for its answer. It holds the kernel's listener, through which a call can be let through; the
/// guarded process has neither that descriptor nor a way into this one's memory.
///
/// It asks the guarded process first, over a channel (`base/os/call_answer.hpp`), and believes it as far as
/// it does no harm: whatever that says, a refused call is EPERM. Where it says nothing sensible, a watched
/// call goes its way, judged by the kernel alone. This process ends with the last one that it answers for. If
/// it is killed before, those calls are ENOSYS.
struct CallArbiter {
  int process;         ///< a child that only those see who wait with __WALL
  Descriptor channel;  ///< to it
};

/// Call it before the calls are restricted, and before there are other threads.
[[nodiscard]] Result<CallArbiter> start_arbiter(const std::vector<CallRule>& rules);

/// Hands over the listener; it begins. The caller is to close its own.
[[nodiscard]] Result<void> appoint(const CallArbiter& arbiter, int listener);

/// Ends one that was not appointed.
void dismiss(CallArbiter arbiter);

}  // namespace aludel::os
