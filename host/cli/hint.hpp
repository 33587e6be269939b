// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "cli/commands.hpp"

namespace aludel {

/// A command for a person to type, on the data directory that they named if they named one:
/// "aludel --data DIR processor resume ledger". @param arguments "processor resume ledger"
[[nodiscard]] std::string to_type(const Globals& globals, std::string_view arguments);

}  // namespace aludel
