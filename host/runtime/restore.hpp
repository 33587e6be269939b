// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "runtime/backup.hpp"
#include "runtime/data_copy.hpp"
#include "runtime/data_directory.hpp"

/// Makes a data directory of a backup. What is made stands aside, in `restore.tmp`, until it is whole, synced
/// and verified; then, as `restore.whole`, it only has to be put into place. As long as one of the two is
/// there the data directory is not used for anything else.
namespace aludel {

/// Restores into a data directory that has neither a log nor processors, or finishes what was cut off. A
/// config that is there stays.
/// @param backup one, or a folder of them: the latest, or the one that was cut off
/// @return not_found: there is no backup; conflict: the directory is in use, or the restore of another backup
///   was cut off there; locked: it is being restored; or as `copy_data`
[[nodiscard]] Result<Backup> restore(const std::filesystem::path& backup, const DataDirectory& data,
                                     const CopyProgress& progress);

/// @return conflict: a restore into this data directory was cut off, or is under way
[[nodiscard]] Result<void> require_no_restore(const DataDirectory& data);

}  // namespace aludel
