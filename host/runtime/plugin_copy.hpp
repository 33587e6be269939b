// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// A processor runs from a copy of its plugin that is its own, `plugin-N.so` in the host's folder of it:
/// whatever becomes of the plugin's file, the code under a process stays as it is, the next process runs the
/// same, and the loader never takes a new file for one that it has loaded (docs/decisions/0041-reload.md).

/// Makes a copy under a number that is free. It need not survive a loss of power.
/// @return disk_full, denied, not_found, ...: nothing of it stays
[[nodiscard]] Result<std::filesystem::path> copy_plugin(const std::filesystem::path& plugin,
                                                        const std::filesystem::path& directory);

/// Removes the copies in a folder, or as many as go.
/// @param kept the name of one that is not removed
void remove_plugin_copies(const std::filesystem::path& directory, std::string_view kept = {});

}  // namespace aludel
