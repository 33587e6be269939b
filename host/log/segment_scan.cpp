// SPDX-License-Identifier: MIT
#include "log/segment_scan.hpp"

#include <algorithm>
#include <limits>

#include "log/block_check.hpp"
#include "log/block_search.hpp"
#include "log/segment.hpp"

namespace aludel {

namespace {

class Scanner {
 public:
  Scanner(os::File& file, const std::filesystem::path& path, const format::SegmentHeader& header,
          std::uint64_t known_floor, const Catalog& before)
      : window_(file), path_(path), header_(header), known_floor_(known_floor), before_(before) {}

  // Headers and directories, up to what is bad or to `stop`, and how far the log is proven durable.
  Result<void> walk(std::uint64_t stop) {
    begin();
    while (scan_.end < stop) {
      auto bytes = window_.at(scan_.end, sizeof(format::BlockHeader));
      if (!bytes) return bytes.error();
      if (bytes->find_first_not_of('\0') == std::string_view::npos) return finish_at_zeros();
      if (bytes->size() < sizeof(format::BlockHeader)) return finish_at_fault(file_ends);
      const auto header = format::load<format::BlockHeader>(bytes->data());
      if (is_intact(header)) {
        if (header.common.version != format::version) return unknown_version(path_, header.common.version);
        if (header.common.magic == format::footer_magic) return finish_at_footer();
      }
      if (const auto fault = header_fault(header, expected(), room())) return finish_at_fault(*fault);
      bytes = window_.at(scan_.end, sizeof header + header.directory_size);
      if (!bytes) return bytes.error();
      if (bytes->size() < sizeof header + header.directory_size) return finish_at_fault(file_ends);
      if (const auto fault = directory_fault(bytes->data())) return finish_at_fault(*fault);
      take(Block(bytes->data()), header);
    }
    return {};
  }

  // The bodies that nothing proves to be durable. At a bad one the log ends, and all is counted again up to
  // it.
  Result<void> check_unproven() {
    const auto end = scan_.end;
    scan_.unproven_offset = end;
    auto at = scan_.index.find(scan_.proven, {header_.first_id, sizeof(format::SegmentHeader)}).offset;
    while (at < end) {
      auto bytes = window_.at(at, sizeof(format::BlockHeader));
      if (!bytes) return bytes.error();
      const auto header = format::load<format::BlockHeader>(bytes->data());
      const auto size = format::block_size(header);
      if (header.common.first_id >= scan_.proven) {
        scan_.unproven_offset = std::min(scan_.unproven_offset, at);
        bytes = window_.at(at, size);
        if (!bytes) return bytes.error();
        const auto fault = bytes->size() < size ? Fault(file_ends) : body_fault(bytes->data());
        if (fault) return end_at(at, *fault);
      }
      at += size;
    }
    return {};
  }

  [[nodiscard]] SegmentScan result() { return std::move(scan_); }

 private:
  static constexpr const char* file_ends = "the file ends inside a block";

  void begin() {
    scan_.next_id = header_.first_id;
    scan_.end = sizeof(format::SegmentHeader);
    scan_.chain = header_.previous_crc;
    scan_.time_ns = 0;
    scan_.catalog = before_;
    scan_.index = {};
    scan_.footer.reset();
  }

  void take(const Block& block, const format::BlockHeader& header) {
    scan_.catalog.add(block, scan_.end);
    scan_.index.add(header.common.first_id, scan_.end);
    scan_.next_id += header.count;
    scan_.end += format::block_size(header);
    scan_.chain = header.common.crc;
    scan_.time_ns = header.common.time_ns;
    scan_.proven = std::max(scan_.proven, header.synced_to);
  }

  Result<void> end_at(std::uint64_t offset, const std::string& fault) {
    if (auto ok = walk(offset); !ok) return ok;
    return finish_at_fault(fault);
  }

  [[nodiscard]] Expected expected() const { return {header_.log_id, scan_.next_id, scan_.chain}; }
  [[nodiscard]] std::uint64_t room() const {
    return header_.capacity - std::min(header_.capacity, scan_.end);
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
  const Catalog& before_;
  SegmentScan scan_;
};

}  // namespace

Result<SegmentScan> scan_segment(os::File& file, const std::filesystem::path& path,
                                 const format::SegmentHeader& header, std::uint64_t known_floor,
                                 const Catalog& before) {
  Scanner scanner(file, path, header, known_floor, before);
  if (auto ok = scanner.walk(std::numeric_limits<std::uint64_t>::max()); !ok) return ok.error();
  if (auto ok = scanner.check_unproven(); !ok) return ok.error();
  return scanner.result();
}

}  // namespace aludel
