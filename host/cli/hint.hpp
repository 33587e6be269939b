// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/commands.hpp"

namespace aludel {

/// A command for a person to type as it is, on the data directory that they named if they named one:
/// "aludel --data DIR processor resume ledger". Layers below do not know how the folder was named: what they
/// say names the command alone, `processor resume ledger`. @param arguments "processor resume ledger"
[[nodiscard]] std::string to_type(const Globals& globals, std::string_view arguments);

/// What to do about a projection that is damaged. @param directory the processor's
[[nodiscard]] std::string damaged_remedy(const std::filesystem::path& directory);

/// An error of reading a projection; with what to do if that is damaged.
/// @param directory the processor's
[[nodiscard]] Error advised(const Error& error, const std::filesystem::path& directory);

}  // namespace aludel
