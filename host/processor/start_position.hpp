// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "log/event_log.hpp"
#include "processor/cursor.hpp"

namespace aludel {

/// Where a new processor begins.
struct StartAt {
  enum class Kind {
    first,  ///< at the oldest event that is kept
    tip,    ///< behind the last event that is there now
    time,   ///< at the first event that was appended at or after `time_ns`
  };
  Kind kind = Kind::first;
  std::int64_t time_ns = 0;  ///< wall clock

  friend bool operator==(const StartAt&, const StartAt&) = default;
};

/// As it is written in the config: "first", "tip", or a time such as 2026-01-31T12:00:00Z.
/// @return invalid
[[nodiscard]] Result<StartAt> parse_start(std::string_view text);
[[nodiscard]] std::string to_string(const StartAt& start);

/// Told of a processor whose time to begin lies in the future.
[[nodiscard]] Error not_come(const StartAt& start);

/// The place in the log, for a time that has come. By time it takes as many looks at blocks as the number of
/// events has bits.
[[nodiscard]] Result<Position> resolve(const StartAt& start, EventReader& log);

}  // namespace aludel
