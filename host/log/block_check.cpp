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
    const auto end = at + entry.name_offset + entry.name_size;
    if (end >= directory.size() || directory[end] != '\0') return false;
  }
  return true;
}

// The origins' strings lie in front of `end`, each with its NUL.
bool origins_in_place(std::string_view body, std::size_t table, std::size_t table_end, std::size_t end) {
  const auto is_string = [&](std::size_t begin, std::size_t size) {
    return begin + size < end && body[begin + size] == '\0';
  };
  for (auto at = table; at < table_end; at += sizeof(format::OriginEntry)) {
    const auto entry = format::load<format::OriginEntry>(body.data() + at);
    if (!is_string(at + entry.source_offset, entry.source_size) ||
        !is_string(at + entry.content_type_offset, entry.content_type_size)) {
      return false;
    }
  }
  return true;
}

// Walks the body as whoever reads its events does. A few nanoseconds an event.
bool events_in_place(const format::BlockHeader& header, std::string_view body) {
  const auto table = header.producer_size == 0 ? 0 : std::size_t{header.count} * sizeof(std::uint32_t);
  const auto table_end = table + std::size_t{header.origin_count} * sizeof(format::OriginEntry);
  const auto names = table_end + sizeof(std::uint32_t);
  if (names + format::readable_tail > body.size()) return false;
  const auto end = body.size() - format::readable_tail;
  auto at = names + format::load<std::uint32_t>(body.data() + table_end);
  if (at > end || !origins_in_place(body, table, table_end, at)) return false;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    if (at + sizeof(format::EventRecord) > end) return false;
    const auto record = format::load<format::EventRecord>(body.data() + at);
    const auto key_end = at + sizeof record + record.key_size;
    at = key_end + 1 + record.attributes_size + record.data_size;
    if (at > end || record.type >= header.type_count || record.origin >= header.origin_count) return false;
    if (body[key_end] != '\0') return false;
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
      header.count > limits::log_events_max - header.common.first_id ||
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
  if (!events_in_place(header, body)) return "the block's events are malformed";
  return std::nullopt;
}

}  // namespace aludel
