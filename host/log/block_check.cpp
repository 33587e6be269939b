// SPDX-License-Identifier: MIT
#include "log/block_check.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"

namespace aludel {

namespace {

// Names lie behind the table and inside the directory: a checksum does not guard against a faulty writer.
bool types_in_place(const format::BlockHeader& header, std::string_view directory) {
  const std::size_t producer = header.producer_size == 0 ? 0 : header.producer_size + std::size_t{1};
  const auto table = std::size_t{header.type_count} * sizeof(format::TypeEntry);
  if (header.type_count == 0 || producer + table > directory.size()) return false;
  for (auto at = producer; at < producer + table; at += sizeof(format::TypeEntry)) {
    const auto entry = format::load<format::TypeEntry>(directory.data() + at);
    if (at + entry.name_offset + entry.name_size >= directory.size()) return false;
  }
  return true;
}

}  // namespace

bool is_intact(const format::BlockHeader& header) {
  return (header.common.magic == format::block_magic || header.common.magic == format::footer_magic) &&
         header.common.crc == format::crc_of(header);
}

Fault header_fault(const format::BlockHeader& header, const Expected& expected, std::uint64_t room) {
  if (header.common.magic != format::block_magic) return "no block stands there";
  if (header.common.crc != format::crc_of(header)) return "the block header's checksum is wrong";
  if (header.common.log_id != expected.log_id) return "the block belongs to another log";
  if (header.common.first_id != expected.first_id) {
    return fmt::format("the block begins with event {} where {} should follow", header.common.first_id,
                       expected.first_id);
  }
  if (expected.previous_crc && header.common.previous_crc != *expected.previous_crc) {
    return "the block does not follow the one before it";
  }
  const auto size = format::block_size(header);
  if (size > limits::block_max || size > room || size % format::alignment != 0 || header.count == 0 ||
      header.synced_to > header.common.first_id) {
    return "the block's header is impossible";
  }
  return std::nullopt;
}

Fault directory_fault(const char* block) {
  const auto header = format::load<format::BlockHeader>(block);
  const std::string_view directory(block + sizeof header, header.directory_size);
  if (crc32c(directory) != header.directory_crc) return "the checksum of the block's directory is wrong";
  if (!types_in_place(header, directory)) return "the block's directory is malformed";
  return std::nullopt;
}

Fault body_fault(const char* block) {
  const auto header = format::load<format::BlockHeader>(block);
  const std::string_view body(block + sizeof header + header.directory_size, header.body_size);
  if (crc32c(body) != header.body_crc) return "the checksum of the block's events is wrong";
  return std::nullopt;
}

}  // namespace aludel
