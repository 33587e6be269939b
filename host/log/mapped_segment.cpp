// SPDX-License-Identifier: MIT
#include "log/mapped_segment.hpp"

#include <algorithm>
#include <utility>

#include "log/footer.hpp"
#include "log/segment.hpp"

namespace aludel {

Result<std::unique_ptr<MappedSegment>> MappedSegment::open(os::FileSystem& files,
                                                           const std::filesystem::path& dir,
                                                           std::uint64_t first_id, const Uuid& log_id) {
  auto path = dir / segment_name(first_id);
  auto file = files.open(path, os::OpenMode::read);
  if (!file) return file.error();
  const auto header = read_segment_header(**file, path);
  if (!header) return header.error();
  if (header->log_id != log_id) return corrupt(path, 0, "the segment belongs to another log");
  if (header->first_id != first_id) return corrupt(path, 0, "the segment's header and its name differ");
  // Behind the last block stands at least the header of a footer.
  auto mapping = (*file)->map(header->capacity + sizeof(format::FooterHeader));
  if (!mapping) return mapping.error();
  return std::unique_ptr<MappedSegment>(
      new MappedSegment(std::move(path), *header, std::move(*file), std::move(*mapping)));
}

Result<std::optional<format::BlockHeader>> MappedSegment::block_at(const BlockPosition& position) {
  // Where a footer's index or a producer's chain leads may be anywhere, if a faulty writer made it.
  if (position.offset > header_.capacity) return corrupt(path_, position.offset, "no block can stand there");
  if (auto ok = require(position.offset + sizeof(format::BlockHeader)); !ok) return ok.error();
  const auto header = format::load<format::BlockHeader>(at(position.offset));
  if (is_intact(header)) {
    if (header.common.version != format::version) return unknown_version(path_, header.common.version);
    if (header.common.magic == format::footer_magic) return std::nullopt;
  }
  const Expected expected{header_.log_id, position.first_id, position.previous_crc};
  if (const auto fault = header_fault(header, expected, header_.capacity - position.offset)) {
    return damaged(position.offset, *fault);
  }
  if (auto ok = require(position.offset + format::block_size(header)); !ok) return ok.error();
  return std::optional(header);
}

Error MappedSegment::damaged(std::uint64_t offset, std::string_view what) const {
  if (auto read = check_read(); !read) return read.error();
  return corrupt(path_, offset, what);
}

Result<void> MappedSegment::check_read() const {
  auto end = mapping_->lost_from();
  if (!end) {
    // Of the page in which a file was cut the rest is zeros, without more ado.
    const auto size = file_->size();
    if (!size) return size.error();
    if (*size >= needed_) return {};
    end = *size;
  }
  return corrupt(path_, *end, "the file was cut while it was read, or its disk cannot read it");
}

void MappedSegment::use_index(SparseIndex index) {
  index_ = std::move(index);
  index_loaded_ = true;
}

// A file that is too short is told as such, before its bytes are missed.
Result<void> MappedSegment::require(std::uint64_t end) {
  needed_ = std::max(needed_, end);
  if (end <= size_) return {};
  const auto size = file_->size();
  if (!size) return size.error();
  size_ = *size;
  if (end > size_) return corrupt(path_, size_, "the file ends before the log does");
  return {};
}

Result<std::optional<BlockPosition>> MappedSegment::locate(std::uint64_t id, std::uint64_t tip) {
  if (auto ok = load_index(); !ok) return ok.error();
  const auto start = index_.find(id, {header_.first_id, sizeof header_});
  BlockPosition position{start.id, start.offset};
  while (position.first_id < tip) {
    const auto header = block_at(position);
    if (!header) return header.error();
    if (!header->has_value()) return std::nullopt;
    index_.add(position.first_id, position.offset);
    if (id < position.first_id + (*header)->count) break;
    position = {position.first_id + (*header)->count, position.offset + format::block_size(**header),
                (*header)->common.crc};
  }
  return std::optional(position);
}

Result<void> MappedSegment::load_index() {
  if (index_loaded_) return {};
  auto footer = find_footer(*file_, path_);
  if (!footer) return footer.error();
  if (footer->has_value()) index_ = std::move((*footer)->index);
  index_loaded_ = true;
  return {};
}

}  // namespace aludel
