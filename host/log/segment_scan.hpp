// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/os/file.hpp"
#include "log/catalog.hpp"
#include "log/footer.hpp"
#include "log/format.hpp"
#include "log/sparse_index.hpp"

namespace aludel {

/// Where the good blocks of the last segment end, found from its bytes alone.
struct SegmentScan {
  std::uint64_t next_id = 0;  ///< after the last good block
  std::uint64_t end = 0;      ///< offset after it
  std::uint32_t chain = 0;    ///< its header CRC, or what the segment's header says comes before
  std::int64_t time_ns = 0;   ///< its time; 0 if there is no block
  /// Every event below was durable when it was last written down; from the block at `unproven_offset` on
  /// nothing says so.
  std::uint64_t proven = 0;
  std::uint64_t unproven_offset = 0;
  std::optional<std::string>
      torn;                      ///< what is wrong at `end`, if bytes stand there that nobody was told about
  std::optional<Footer> footer;  ///< the segment was sealed, though its file was not yet cut to size
  Catalog catalog;               ///< what was given, with the good blocks
  SparseIndex index;             ///< of the good blocks
};

/// Walks a segment that has no trailer. Checks every header and directory, and the bodies that are not proven
/// to have been synced.
/// @param known_floor events below this were acknowledged; whether they were synced is not known
/// @param before of the log up to this segment
/// @return corrupt when what is bad stands below something durable: an acknowledged event would be lost
[[nodiscard]] Result<SegmentScan> scan_segment(os::File& file, const std::filesystem::path& path,
                                               const format::SegmentHeader& header, std::uint64_t known_floor,
                                               const Catalog& before);

}  // namespace aludel
