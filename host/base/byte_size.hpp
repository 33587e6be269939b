// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// Reads a number of bytes as people write it: a whole number and a unit, "64MiB" (of 1,024s), "10GB" (of
/// 1,000s), "512B".
/// @return invalid: what is expected is said
[[nodiscard]] Result<std::uint64_t> parse_byte_size(std::string_view text);

/// In the largest unit that loses nothing: "64MiB", "10GB".
[[nodiscard]] std::string format_byte_size(std::uint64_t bytes);

}  // namespace aludel
