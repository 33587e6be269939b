// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// Reads a duration as people write it: a whole number and a unit, "250ms", "30s", "5m", "2h", "30d".
/// @return invalid: what is expected is said
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// In the largest unit that loses nothing: "90s", "250ms".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// For people, who are to wait for so long: rounded, the longer the more: "250ms", "97s", "1h".
[[nodiscard]] std::string format_delay(std::chrono::milliseconds delay);

}  // namespace aludel
