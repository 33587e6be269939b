// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace aludel {

/// The event that a processor stands at since it failed, and how often it has been tried. Durable: a restart
/// goes on counting.
struct FailingEvent {
  std::uint64_t id = 0;
  std::uint32_t attempts = 0;        ///< that failed; 0: the count begins anew
  std::int64_t first_failed_ns = 0;  ///< wall clock
};

/// Of the event, the attempt to come.
[[nodiscard]] inline std::uint32_t next_attempt(const std::optional<FailingEvent>& failing,
                                                std::uint64_t event_id) {
  return failing && failing->id == event_id ? failing->attempts + 1 : 1;
}

}  // namespace aludel
