// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace aludel {

/// Where plugins are looked for.
struct SearchPath {
  std::vector<std::filesystem::path>
      files;  ///< named one by one; one that is missing is for `inspect` to tell
  std::vector<std::filesystem::path> directories;  ///< `plugin_dirs`, `--plugin-dir`; each must exist
  std::string environment;  ///< ALUDEL_PLUGIN_PATH: folders, separated by ':'; missing ones are passed over
};

/// The folders in a text such as ALUDEL_PLUGIN_PATH holds; empty ones are none.
[[nodiscard]] std::vector<std::filesystem::path> split_folders(std::string_view folders);

/// The plugin files found: those named, then those of each folder (*.so, not recursive, sorted by name), each
/// file once however often it is found.
/// @return not_found: a named folder does not exist
[[nodiscard]] Result<std::vector<std::filesystem::path>> discover(const SearchPath& where);

}  // namespace aludel
