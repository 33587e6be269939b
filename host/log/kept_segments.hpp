// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

/// Where a log begins whose oldest segments were dropped: the file `first`, the one place that says so.
///
/// It is durable before a segment goes, so what lies below it was dropped, be it there still, and a segment
/// that is missing from there on is missing. Segments may go at any moment, so whoever finds one gone that it
/// was told of looks at `first` again.
namespace aludel {

struct FirstMark {
  Uuid log_id;
  std::uint64_t first_id = 0;  ///< of the oldest segment that is kept
};

/// Nothing: nothing was ever dropped.
/// @return corrupt, unsupported, io
[[nodiscard]] Result<std::optional<FirstMark>> read_first_mark(os::FileSystem& files,
                                                               const std::filesystem::path& dir);

/// The first event that is kept: 0 if nothing was ever dropped.
[[nodiscard]] Result<std::uint64_t> read_first(os::FileSystem& files, const std::filesystem::path& dir);

/// Durable under its name once done, or as it was before.
[[nodiscard]] Result<void> write_first_mark(os::FileSystem& files, const std::filesystem::path& dir,
                                            const FirstMark& mark);

struct KeptSegments {
  std::optional<FirstMark> mark;
  std::vector<std::uint64_t> first_ids;  ///< rising, without those that are dropped but not gone yet

  [[nodiscard]] std::uint64_t first() const { return mark ? mark->first_id : 0; }
};

/// The folder's segments, of one moment.
/// @return not_found: there is no such folder; corrupt, unsupported, io
[[nodiscard]] Result<KeptSegments> kept_segments(os::FileSystem& files, const std::filesystem::path& dir);

/// Whether more was dropped since: then a segment of these may be gone.
[[nodiscard]] bool dropped_since(os::FileSystem& files, const std::filesystem::path& dir,
                                 const KeptSegments& kept);

/// @return corrupt if the log does not begin where it should, or `first` is another log's
[[nodiscard]] Result<void> require_first_segment(os::FileSystem& files, const std::filesystem::path& dir,
                                                 const KeptSegments& kept);

/// Notes where the log begins from now on, then removes what lies below. For the holder of the log's lock.
/// May fail or be interrupted at any point and be done again; with nothing below it does nothing.
/// @param mark of a segment that is there
/// @return how many segments were removed
[[nodiscard]] Result<std::size_t> drop_segments_below(os::FileSystem& files, const std::filesystem::path& dir,
                                                      const FirstMark& mark);

/// Told of an event below the first one that is kept.
[[nodiscard]] Error dropped(const std::filesystem::path& dir, std::uint64_t id, std::uint64_t first);

}  // namespace aludel
