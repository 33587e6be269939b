// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/os/file.hpp"
#include "log/block_check.hpp"
#include "log/format.hpp"
#include "log/sparse_index.hpp"

namespace aludel {

/// Where a block begins.
struct BlockPosition {
  std::uint64_t first_id = 0;
  std::uint64_t offset = 0;
  std::optional<std::uint32_t> previous_crc = {};  ///< of the block before, where it was read
};

/// A segment mapped read-only: blocks are read in place. What lies below the published tip stays as it is, so
/// a mapping serves while the segment grows and after it is sealed. If the file is cut, or its disk fails,
/// reading goes on with zeros, and `check_read` says so for good. One thread at a time.
class MappedSegment {
 public:
  static Result<std::unique_ptr<MappedSegment>> open(os::FileSystem& files, const std::filesystem::path& dir,
                                                     std::uint64_t first_id, const Uuid& log_id);

  [[nodiscard]] const format::SegmentHeader& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const char* at(std::uint64_t offset) const {
    return reinterpret_cast<const char*>(mapping_->data()) + offset;
  }

  /// The error for bytes that are not as they should be, which may be so because they could not be had.
  [[nodiscard]] Error damaged(std::uint64_t offset, std::string_view what) const;
  /// Whether all bytes that were touched could be had.
  /// @return corrupt
  [[nodiscard]] Result<void> check_read() const;

  /// Takes an index of blocks below the tip from whoever has walked the segment.
  void use_index(SparseIndex index);

  /// The header of the block at a position below the tip, checked; nothing if the segment ends there and the
  /// next one goes on. All of the block can be touched then.
  /// @return corrupt
  Result<std::optional<format::BlockHeader>> block_at(const BlockPosition& position);

  /// The block that holds `id`, or at the tip where the next one will begin; nothing if the segment ends
  /// before it.
  Result<std::optional<BlockPosition>> locate(std::uint64_t id, std::uint64_t tip);

 private:
  MappedSegment(std::filesystem::path path, const format::SegmentHeader& header,
                std::unique_ptr<os::File> file, std::unique_ptr<os::Mapping> mapping)
      : path_(std::move(path)), header_(header), file_(std::move(file)), mapping_(std::move(mapping)) {}

  Result<void> require(std::uint64_t end);
  Result<void> load_index();

  std::filesystem::path path_;
  format::SegmentHeader header_;
  std::unique_ptr<os::File> file_;
  std::unique_ptr<os::Mapping> mapping_;
  std::uint64_t size_ = 0;    // of the file, when it was last looked at
  std::uint64_t needed_ = 0;  // how far blocks were given out
  SparseIndex index_;
  bool index_loaded_ = false;
};

}  // namespace aludel
