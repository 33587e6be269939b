// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace aludel::os {

/// The name of a file system on which locks, shared mappings or syncs of several machines cannot be relied
/// upon, by its statfs magic; nothing if it is none of them.
[[nodiscard]] std::optional<std::string_view> unreliable_file_system(std::uint64_t magic);

/// @return unsupported, naming the file system that the folder lies on, if it is one of those
[[nodiscard]] Result<void> require_local_file_system(const std::filesystem::path& folder);

}  // namespace aludel::os
