// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/os/file.hpp"
#include "log/mapped_segment.hpp"

namespace aludel {

/// A segment's mapping. Owned by the store that opened it, while it is the one used last, and by the cursors
/// whose blocks lie in it.
using SharedSegment = std::shared_ptr<MappedSegment>;

/// Finds segments by event id and opens them. What it opened can be read when it is dropped, too; to find
/// what was dropped before is `not_found`. One thread at a time.
class SegmentStore {
 public:
  struct Located {
    SharedSegment segment;
    BlockPosition position;
  };

  SegmentStore(os::FileSystem& files, std::filesystem::path dir, const Uuid& log_id)
      : files_(files), dir_(std::move(dir)), log_id_(log_id) {}

  /// The segment that begins with `first_id`.
  Result<SharedSegment> starting_at(std::uint64_t first_id);
  /// The segment that holds `id`, which is at most `tip`.
  Result<SharedSegment> holding(std::uint64_t id, std::uint64_t tip);
  /// The block that holds `id`, or at the tip where the next one will begin.
  Result<Located> locate(std::uint64_t id, std::uint64_t tip);

 private:
  os::FileSystem& files_;
  std::filesystem::path dir_;
  Uuid log_id_;
  std::vector<std::uint64_t> first_ids_;
  std::uint64_t listed_to_ = 0;  // the list is complete for ids below
  SharedSegment last_;
};

}  // namespace aludel
