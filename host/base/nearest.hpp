// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace aludel {

/// "; did you mean \"strategy\"?" where one of the known words is close enough to what was written, else
/// nothing.
[[nodiscard]] std::string suggestion(std::string_view written, std::span<const std::string_view> known);

}  // namespace aludel
