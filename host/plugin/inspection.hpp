// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "plugin/description.hpp"
#include "plugin/trust.hpp"

namespace aludel {

/// What a plugin holds, found out without loading it into this process: `inspector` (this program) is started
/// as a child with `inspection_command FILE`, loads the plugin, and prints what it found as JSON. The child
/// has `time_max`, and may read files and do nothing else; its crash or timeout is a refusal. What the plugin
/// writes to stdout and stderr is dropped.
/// @return refused, with a reason of `plugin/refusal.hpp`; others: the inspector could not be started
[[nodiscard]] Result<LibraryDescription> inspect(
    const std::filesystem::path& file, const std::filesystem::path& inspector,
    std::chrono::milliseconds time_max = limits::inspection_time_max);

/// The same for several plugins at once, so that some that hang cost no more time than one. One that must not
/// run is refused without that.
/// @return in the order of `files`
[[nodiscard]] std::vector<Result<LibraryDescription>> inspect_all(
    const std::vector<std::filesystem::path>& files, const TrustPolicy& trust,
    const std::filesystem::path& inspector, std::chrono::milliseconds time_max = limits::inspection_time_max);

/// The hidden command that makes a program an inspector: `main` hands over to `run_inspector` when argv[1] is
/// this.
inline constexpr const char* inspection_command = "__inspect";

/// Where the inspector prints to, out of the way of what a plugin prints.
inline constexpr int inspection_descriptor = 3;

/// The child's side. Prints to `inspection_descriptor` and leaves by _exit; returns only the exit status for
/// wrong usage.
int run_inspector(int argc, char** argv);

}  // namespace aludel
