// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// Reads an RFC 3339 timestamp, for example "2024-02-29T12:00:00.5+01:00".
/// @return nanoseconds since 1970-01-01T00:00:00Z; further digits are dropped, a leap second counts as the
///   next second's first. invalid: not such a timestamp, or outside of 1677-09-21 to 2262-04-11
[[nodiscard]] Result<std::int64_t> parse_time(std::string_view text);

/// As RFC 3339 in UTC, with as many digits of the fraction as it takes: "2024-02-29T11:00:00.5Z".
[[nodiscard]] std::string format_time(std::int64_t time_ns);

}  // namespace aludel
