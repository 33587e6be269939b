// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "runtime/config.hpp"
#include "runtime/data_directory.hpp"
#include "runtime/plan.hpp"

namespace aludel {

/// A data directory with its config: where every command begins.
struct Installation {
  DataDirectory data;
  Config config;
};

/// @param config_file empty: `aludel.toml` in the data directory, if it is there
/// @return invalid: the data directory is a file; denied: others may write to it, to a folder in it, or to
/// the config; conflict: a restore into it was cut off; invalid,
///   not_found: the config
[[nodiscard]] Result<Installation> load_installation(const std::filesystem::path& data,
                                                     const std::filesystem::path& config_file);

/// Looks for plugins in the config's folders, in `plugin_dirs` and in ALUDEL_PLUGIN_PATH, and inspects each
/// in a child.
/// @return not_found: a folder does not exist
[[nodiscard]] Result<std::vector<InspectedPlugin>> find_plugins(
    const Config& config, const std::vector<std::filesystem::path>& plugin_dirs);

/// Inspects each of these in a child, unless the config does not trust it.
[[nodiscard]] Result<std::vector<InspectedPlugin>> inspect_plugins(
    const std::vector<std::filesystem::path>& files, const Config& config);

/// The folders that `find_plugins` looks in, also those of `ALUDEL_PLUGIN_PATH` that are not there.
[[nodiscard]] std::vector<std::filesystem::path> plugin_folders(
    const Config& config, const std::vector<std::filesystem::path>& plugin_dirs);

/// This program's file, to be started as a child.
[[nodiscard]] std::filesystem::path this_program();

}  // namespace aludel
