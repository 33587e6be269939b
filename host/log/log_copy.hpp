// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

namespace aludel {

/// How much of a log's copy is shared with the log, or with an earlier copy, and how much is not.
struct LogCopyStats {
  std::uint64_t tip = 0;
  std::uint64_t linked_segments = 0;
  std::uint64_t linked_bytes = 0;
  std::uint64_t copied_bytes = 0;
};

/// Copies a log while it is written and its oldest segments are dropped, into a folder that can be opened
/// like any log. Sealed segments never change: they are linked where that is possible, else copied; the last
/// one is copied up to where the copy is to end. Nothing in `from` is changed.
///
/// One thread. After an error the folder holds a part.
class LogCopy {
 public:
  struct Parts {
    os::FileSystem& files;
    std::filesystem::path from;
    std::filesystem::path to;       ///< an empty folder
    std::filesystem::path earlier;  ///< another copy of this log, to link to where `from` cannot; or empty
    os::BytesDone done;
  };

  explicit LogCopy(Parts parts) : parts_(std::move(parts)) {}

  /// Takes the segments that are sealed and that it has not: a drop takes nothing back of them.
  /// @return not_found: there is no log; corrupt, unsupported, io, disk_full
  Result<void> take_sealed();
  /// Takes all up to `tip`, where a block begins that is not below what was taken; then the copy is whole and
  /// synced, unless the log has dropped even that meanwhile: `first` lies beyond it. May be called again.
  Result<void> finish(std::uint64_t tip);

  /// The copy's first event, once something was taken. It rises where the log has dropped events before they
  /// could be taken.
  [[nodiscard]] std::uint64_t first() const { return first_; }
  /// After `finish`.
  [[nodiscard]] const LogCopyStats& stats() const { return stats_; }

 private:
  Result<void> take_sealed_below(std::uint64_t tip);
  Result<void> begin_at(std::uint64_t first);
  Result<void> take(std::uint64_t first_id);
  Result<void> take_last(std::uint64_t first_id, std::uint64_t size);
  [[nodiscard]] bool is_dropped(std::uint64_t id) const;
  Result<void> remove_last();
  Result<void> remove(std::uint64_t first_id);

  /// The segment that is copied in part.
  struct Last {
    std::uint64_t first_id;
    std::uint64_t size;
  };

  const Parts parts_;
  bool begun_ = false;
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;             // of the sealed ones that were taken: the next segment's first event
  std::vector<std::uint64_t> taken_;  // sealed segments, by their first events
  std::optional<Last> last_;
  LogCopyStats stats_;
};

}  // namespace aludel
