// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <linux/seccomp.h>
#include <string_view>
#include <vector>

#include "base/os/call_filter.hpp"

namespace aludel::os {

/// Told of each call that was refused, or was watched and not permitted (EACCES), on a thread of its own,
/// while its caller waits. That may hold any lock, `fork` those of the allocator: this must neither lock nor
/// allocate.
/// @param path that the call named; empty: none
using OnRefused = std::function<void(const CallRule& rule, std::string_view path)>;

/// What a guarded process says of its own calls that are refused or watched, on a thread that they do not
/// concern: it makes a watched call itself, as it is in the same process under the same restrictions, and
/// tells which were not permitted. Whoever has the last word need not believe it.
class CallTeller {
 public:
  CallTeller(std::vector<CallRule> rules, OnRefused on_refused);

  /// Answers each call that it is asked about, until somebody closes the channel. Who asks has the last word:
  /// if that process is gone, this one ends by SIGKILL, as none of its calls would be answered.
  void serve(int channel) const;

 private:
  [[nodiscard]] seccomp_notif_resp answer(const seccomp_notif& call) const;

  const std::vector<CallRule> rules_;
  const OnRefused on_refused_;
};

}  // namespace aludel::os
