// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "plugin/description.hpp"

namespace aludel {

/// What a plugin holds, found out without loading it into this process: `inspector` (this program) is started
/// as a child with `inspection_command FILE`, loads the plugin, and prints what it found as JSON. The child
/// has limits::inspection_time_max; its crash or timeout is a refusal.
/// @return refused, with a reason of `plugin/refusal.hpp`
[[nodiscard]] Result<LibraryDescription> inspect(const std::filesystem::path& file,
                                                 const std::filesystem::path& inspector);

/// The hidden command that makes a program an inspector: `main` hands over to `run_inspector` when argv[1] is
/// this.
inline constexpr const char* inspection_command = "__inspect";

/// The child's side. Prints to descriptor 3 and leaves by _exit; returns only the exit status for wrong
/// usage.
int run_inspector(int argc, char** argv);

}  // namespace aludel
