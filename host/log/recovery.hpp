// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/os/file.hpp"
#include "base/uuid.hpp"
#include "log/catalog.hpp"
#include "log/known_mark.hpp"
#include "log/sparse_index.hpp"

namespace aludel {

/// Gets one line for each thing that recovery found and put right.
using ReportSink = std::function<void(const std::string&)>;

/// The last segment, when blocks can still be added to it.
struct ActiveSegment {
  std::filesystem::path path;
  std::uint64_t first_id = 0;
  std::uint64_t capacity = 0;
  std::unique_ptr<os::File> file;
  std::uint64_t end = 0;  ///< offset after its last block
  SparseIndex index;
};

/// Where a log ends.
struct LogEnd {
  Uuid log_id;
  std::uint64_t next_id = 0;
  std::uint32_t chain = 0;  ///< the last block's header CRC; 0 if there is none
  std::int64_t time_ns = 0;
  /// Nothing if the last segment is sealed and no next one was made.
  std::optional<ActiveSegment> active;
};

struct RecoveredLog {
  LogEnd end;
  Catalog catalog;
};

/// Makes the folder's log fit to be written: completes what a writer left half done, saves a torn tail aside
/// and cuts it off, and syncs what is not proven to have been synced. For the holder of the log's lock.
/// Whatever it changes can be interrupted at any point and done again.
/// @param marks those of other logs count for nothing
/// @return corrupt, and then nothing was changed that held an event; unsupported, io
[[nodiscard]] Result<RecoveredLog> recover_log(os::FileSystem& files, const std::filesystem::path& dir,
                                               std::span<const KnownMark> marks, const ReportSink& report);

/// Makes a log without events.
[[nodiscard]] Result<void> create_log(os::FileSystem& files, const std::filesystem::path& dir,
                                      std::int64_t now_ns, std::uint64_t capacity);

/// Makes an empty segment, whole and durable under its name or not there at all.
/// @return the file, open
[[nodiscard]] Result<std::unique_ptr<os::File>> create_segment(os::FileSystem& files,
                                                               const std::filesystem::path& dir,
                                                               const format::SegmentHeader& header);

/// Writes the bytes from `from` to `to` over themselves and syncs them: a failed sync may have left good
/// pages that will never reach the disk.
[[nodiscard]] Result<void> rewrite_in_place(os::File& file, std::uint64_t from, std::uint64_t to);

}  // namespace aludel
