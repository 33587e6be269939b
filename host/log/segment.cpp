// SPDX-License-Identifier: MIT
#include "log/segment.hpp"

#include <charconv>

#include <fmt/format.h>

#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr std::string_view segment_suffix = ".seg";
constexpr std::string_view unfinished_suffix = ".tmp";
constexpr std::size_t digits = 20;  // of the largest id

}  // namespace

std::string segment_name(std::uint64_t first_id) {
  return fmt::format("{:020}{}", first_id, segment_suffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != digits + segment_suffix.size() || !name.ends_with(segment_suffix)) return std::nullopt;
  std::uint64_t id = 0;
  const auto* end = name.data() + digits;
  const auto parsed = std::from_chars(name.data(), end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return id;
}

bool is_unfinished(std::string_view name) {
  return name.ends_with(unfinished_suffix);
}

std::filesystem::path unfinished(std::filesystem::path path) {
  return path += unfinished_suffix;
}

Result<std::vector<std::uint64_t>> list_segments(os::FileSystem& files, const std::filesystem::path& dir) {
  auto names = files.list(dir);
  if (!names) return names.error();
  std::vector<std::uint64_t> first_ids;
  for (const auto& name : *names) {
    if (const auto id = parse_segment_name(name)) first_ids.push_back(*id);
  }
  return first_ids;
}

format::SegmentHeader make_segment_header(const Uuid& log_id, std::uint64_t first_id,
                                          std::uint32_t previous_crc, std::int64_t created_ns,
                                          std::uint64_t capacity) {
  format::SegmentHeader header{};
  header.magic = format::SegmentHeader::magic_bytes;
  header.version = format::version;
  header.previous_crc = previous_crc;
  header.log_id = log_id;
  header.first_id = first_id;
  header.created_ns = created_ns;
  header.capacity = capacity;
  header.crc = format::crc_of(header);
  return header;
}

Result<format::SegmentHeader> read_segment_header(os::File& file, const std::filesystem::path& path) {
  format::SegmentHeader header;
  const auto size = file.read_at(0, std::as_writable_bytes(std::span(&header, 1)));
  if (!size) return size.error();
  if (*size < sizeof header) return corrupt(path, *size, "the file ends inside the segment's header");
  if (header.magic != format::SegmentHeader::magic_bytes) return corrupt(path, 0, "this is no segment");
  if (header.crc != format::crc_of(header)) return corrupt(path, 0, "the segment header's checksum is wrong");
  if (header.version != format::version) return unknown_version(path, header.version);
  if (header.capacity < sizeof header || header.capacity > limits::segment_max ||
      header.first_id > limits::log_events_max) {
    return corrupt(path, 0, "the segment's header is impossible");
  }
  return header;
}

Error corrupt(const std::filesystem::path& path, std::uint64_t offset, std::string_view what) {
  return {ErrorCode::corrupt, fmt::format("read {} at offset {}: {}: restore this file from a backup",
                                          path.string(), offset, what)};
}

Error unknown_version(const std::filesystem::path& path, std::uint32_t version) {
  return {
      ErrorCode::unsupported,
      fmt::format("read {}: it is in format {}, this Aludel knows format {}: use the Aludel that wrote it",
                  path.string(), version, format::version)};
}

}  // namespace aludel
