// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/limits.hpp"

namespace aludel {

/// What a processor may use, as its operator says (`limits` in the config). Of the first four a process is
/// held to, not a thread of the host.
struct Allowance {
  std::optional<std::uint64_t> memory =
      {};  ///< bytes that its process has for itself; nothing: no limit of ours
  std::optional<std::chrono::milliseconds> cpu_time =
      {};  ///< of one call, of all threads; nothing: none of ours
  std::uint32_t open_files = limits::open_files_default;
  std::uint32_t threads = limits::threads_default;         ///< the host's own among them
  std::uint32_t log_lines = limits::log_lines_default;     ///< a second
  std::uint32_t emitted_events = limits::emit_events_max;  ///< of one event handled
  std::uint64_t transaction_size =
      limits::transaction_size_default;  ///< bytes that a call, or a batch, writes

  friend bool operator==(const Allowance&, const Allowance&) = default;
};

}  // namespace aludel
