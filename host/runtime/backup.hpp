// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "runtime/data_copy.hpp"
#include "runtime/data_directory.hpp"

/// Backups of a data directory. Each is a data directory itself, in a folder of backups, named by its time;
/// it has its name once it is whole, synced and verified, so one that was cut off is never taken for one.
namespace aludel {

struct Backup {
  std::filesystem::path path;
  DataCopy content;
};

/// Makes a backup while a host may be at work, which is not held up. What an earlier call left unfinished is
/// removed.
/// @param folder of backups; made if it is missing
/// @param now_ns wall clock; one that was set back is passed over, so that the latest one has the last name
/// @return locked: another backup is being made there; conflict: it is something else, of another log, or in
///   what is backed up; or as `copy_data`
[[nodiscard]] Result<Backup> back_up(const DataDirectory& data, const std::filesystem::path& folder,
                                     std::int64_t now_ns, const CopyProgress& progress);

/// "20261126T211949.123Z": names sort as times do.
[[nodiscard]] std::string backup_name(std::int64_t now_ns);

/// The one of the latest name; nothing if there is none.
/// @return not_found: there is no such folder; io
[[nodiscard]] Result<std::optional<std::filesystem::path>> latest_backup(const std::filesystem::path& folder);

}  // namespace aludel
