// SPDX-License-Identifier: MIT
#include "log/segment_scan.hpp"

#include <algorithm>

#include "log/block_search.hpp"
#include "log/segment.hpp"

namespace aludel {

namespace {

class Scanner {
 public:
  Scanner(os::File& file, const std::filesystem::path& path, const format::SegmentHeader& header,
          std::uint64_t known_floor)
      : window_(file), path_(path), header_(header), known_floor_(known_floor) {}

  // Headers alone: where they end, and how far the log is proven durable.
  Result<void> walk_headers() {
    begin();
    for (;;) {
      const auto bytes = window_.at(scan_.end, sizeof(format::BlockHeader));
      if (!bytes) return bytes.error();
      if (bytes->find_first_not_of('\0') == std::string_view::npos) return finish_at_zeros();
      if (bytes->size() < sizeof(format::BlockHeader)) return finish_at_fault("the file ends inside a block");
      const auto header = format::load<format::BlockHeader>(bytes->data());
      if (is_intact(header)) {
        if (header.common.version != format::version) return unknown_version(path_, header.common.version);
        if (header.common.magic == format::footer_magic) return finish_at_footer();
      }
      if (const auto fault = header_fault(header, expected(), room())) return finish_at_fault(*fault);
      advance(header);
      scan_.proven = std::max(scan_.proven, header.synced_to);
    }
  }

  // The same way again: directories, bodies that are not proven, and whoever wants to see the blocks.
  Result<void> walk_blocks(const BlockVisitor& visit) {
    const auto end = scan_.end;
    begin();
    std::optional<std::uint64_t> unproven;
    while (scan_.end < end) {
      const auto bytes = read_block();
      if (!bytes) return bytes.error();
      const auto header = format::load<format::BlockHeader>(bytes->data());
      const bool proven = header.common.first_id < scan_.proven;
      auto fault = bytes->size() < readable_size(header) ? Fault("the file ends inside a block")
                                                         : directory_fault(bytes->data());
      if (!fault && !proven) fault = body_fault(bytes->data());
      if (fault) {
        scan_.footer.reset();
        if (auto ok = finish_at_fault(*fault); !ok) return ok;
        break;
      }
      visit(Block(bytes->data()), scan_.end);
      if (!proven && !unproven) unproven = scan_.end;
      advance(header);
    }
    scan_.unproven_offset = unproven.value_or(scan_.end);
    return {};
  }

  [[nodiscard]] SegmentScan take() { return std::move(scan_); }

 private:
  void begin() {
    scan_.next_id = header_.first_id;
    scan_.end = sizeof(format::SegmentHeader);
    scan_.chain = header_.previous_crc;
    scan_.time_ns = 0;
  }

  void advance(const format::BlockHeader& header) {
    scan_.next_id += header.count;
    scan_.end += format::block_size(header);
    scan_.chain = header.common.crc;
    scan_.time_ns = header.common.time_ns;
  }

  [[nodiscard]] Expected expected() const { return {header_.log_id, scan_.next_id, scan_.chain}; }
  [[nodiscard]] std::uint64_t room() const {
    return header_.capacity - std::min(header_.capacity, scan_.end);
  }

  // As much of the block as will be looked at.
  [[nodiscard]] std::size_t readable_size(const format::BlockHeader& header) const {
    return header.common.first_id < scan_.proven ? sizeof header + header.directory_size
                                                 : format::block_size(header);
  }

  Result<std::string_view> read_block() {
    auto bytes = window_.at(scan_.end, sizeof(format::BlockHeader));
    if (!bytes || bytes->size() < sizeof(format::BlockHeader)) return bytes;
    return window_.at(scan_.end, readable_size(format::load<format::BlockHeader>(bytes->data())));
  }

  Result<void> finish_at_zeros() {
    const auto end = window_.end_of_data(scan_.end);
    if (!end) return end.error();
    if (*end == scan_.end) return {};
    return finish_at_fault("bytes stand behind the last block");
  }

  Result<void> finish_at_footer() {
    auto footer = read_footer_at(window_, path_, scan_.end);
    if (footer) {
      scan_.footer = std::move(*footer);
      scan_.proven = std::max(scan_.proven, scan_.next_id);
      return {};
    }
    if (footer.error().code != ErrorCode::corrupt) return footer.error();
    return finish_at_fault("the footer is incomplete");
  }

  // The walk ends here for good or bad: nobody was told about these bytes, or something durable is damaged.
  Result<void> finish_at_fault(const std::string& fault) {
    const auto synced = find_synced_after(window_, scan_.end + format::alignment, header_.log_id);
    if (!synced) return synced.error();
    scan_.proven = std::max(scan_.proven, synced->value_or(0));
    if (scan_.next_id < std::max(scan_.proven, known_floor_)) return corrupt(path_, scan_.end, fault);
    scan_.torn = fault;
    return {};
  }

  FileWindow window_;
  const std::filesystem::path& path_;
  const format::SegmentHeader& header_;
  const std::uint64_t known_floor_;
  SegmentScan scan_;
};

}  // namespace

Result<SegmentScan> scan_segment(os::File& file, const std::filesystem::path& path,
                                 const format::SegmentHeader& header, std::uint64_t known_floor,
                                 const BlockVisitor& visit) {
  Scanner scanner(file, path, header, known_floor);
  if (auto ok = scanner.walk_headers(); !ok) return ok.error();
  if (auto ok = scanner.walk_blocks(visit); !ok) return ok.error();
  return scanner.take();
}

}  // namespace aludel
