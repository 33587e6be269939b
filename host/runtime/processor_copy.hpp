// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"

namespace aludel {

/// Copies what a processor's folder holds, but for what speaks of processes, while its owner may be at work:
/// the projection as it was at one moment, then the commands. So the copy has every command that its
/// projection has applied, and those that were given by then and are still to be. Synced.
/// @param projection by its read transaction; null: there was none
/// @param to must not exist
[[nodiscard]] Result<void> copy_processor(Database* projection, const std::filesystem::path& from,
                                          const std::filesystem::path& to, const os::BytesDone& done);

/// Copies what the host's folder of a processor holds, but for the plugin. Synced. One that is not there is
/// empty.
[[nodiscard]] Result<void> copy_host_folder(const std::filesystem::path& from,
                                            const std::filesystem::path& to);

}  // namespace aludel
