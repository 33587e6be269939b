// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"

namespace aludel {

/// Copies a database, page by page, as it is at one moment, while others may read and write it: none of them
/// waits. The copy is one file without a write-ahead log, so that it can be read where nothing may be
/// written; it is not synced.
/// @param to must not exist; after a failure it may be there in part
/// @return not_found, corrupt, denied, locked, disk_full, io: the paths are named
[[nodiscard]] Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                                         const os::BytesDone& done);

/// The same of what the connection's read transaction, which is open and stays so, sees.
[[nodiscard]] Result<void> copy_database(Database& from, const std::filesystem::path& to,
                                         const os::BytesDone& done);

}  // namespace aludel
