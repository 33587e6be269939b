// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// Puts a small file in place of what was there: all of it or nothing, also after a crash.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view content);

/// All of a file.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace aludel
