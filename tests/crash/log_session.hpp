// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "log/segment_log.hpp"
#include "log_leader.hpp"
#include "support/file_calls.hpp"
#include "support/memory_file_system.hpp"

namespace aludel {

/// A log's life from one power loss to the next: recovery, then appends, all on recorded files.
struct LogSession {
  Sync sync = Sync::full;
  FolderContent before;  ///< what the power loss before left
  FileCalls calls;
  /// In the order of the first tries, those of the lives before included.
  std::vector<AskedAppend> asked;
  std::vector<std::size_t> acknowledged;  ///< of `asked`, in the order of the log

  /// What holds once so many calls are done.
  struct Promise {
    std::size_t calls = 0;
    std::size_t acknowledged = 0;  ///< of `acknowledged`, the first so many were published
    std::size_t durable = 0;       ///< and of these so many survive a power loss
  };
  std::vector<Promise> promises;
  [[nodiscard]] Promise promised_after(std::size_t calls) const;
  /// The tip that was published with the first `count`.
  [[nodiscard]] std::uint64_t tip_after(std::size_t count) const;
};

/// A log's lives, made by chance but the same for the same seed: producers with and without keys, groups of
/// several appends, segments that roll and are allocated ahead, both ways of syncing, writes and syncs that
/// fail, and power losses in between.
/// @param dir a real folder for lock and tip page; the segments are in memory
/// @return or why a power loss or a kill in between has left no log that goes on
[[nodiscard]] Result<std::vector<LogSession>> make_log_sessions(std::uint32_t seed,
                                                                const std::filesystem::path& dir);

/// Options of a small log whose segments are in `files`.
[[nodiscard]] OpenOptions memory_log(const std::filesystem::path& dir, os::FileSystem& files, Sync sync);

/// Which of the appends the log holds, in its order.
/// @param acknowledged of `asked`: these are looked for first, each in its place
/// @return or what it holds that nobody asked for, or only half of what somebody did
[[nodiscard]] Result<std::vector<std::size_t>> appends_in(EventReader& log,
                                                          const std::vector<AskedAppend>& asked,
                                                          const std::vector<std::size_t>& acknowledged);

}  // namespace aludel
