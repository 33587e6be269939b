// SPDX-License-Identifier: MIT
#include "seal.hpp"

#include <algorithm>

#include "log/format.hpp"

namespace aludel {

using namespace format;

std::size_t seal_block(std::string& bytes, std::size_t offset, const Uuid& log_id, std::uint64_t first_id,
                       std::uint32_t previous_crc) {
  if (bytes.size() < offset + sizeof(BlockHeader)) return 0;
  auto header = load<BlockHeader>(bytes.data() + offset);
  const auto room = (bytes.size() - offset - sizeof header) / alignment * alignment;
  header.directory_size = static_cast<std::uint32_t>(std::min<std::size_t>(header.directory_size, room));
  const auto body_size = std::min<std::size_t>(header.body_size, room - header.directory_size);
  const auto size = (sizeof header + header.directory_size + body_size) / alignment * alignment;
  header.body_size = static_cast<std::uint32_t>(std::max(size, sizeof header + header.directory_size) -
                                                sizeof header - header.directory_size);
  header.common = {block_magic, 0, version, previous_crc, log_id, first_id, header.common.time_ns};
  header.synced_to = std::min(header.synced_to, first_id);
  const std::string_view directory(bytes.data() + offset + sizeof header, header.directory_size);
  header.directory_crc = crc32c(directory);
  header.body_crc = crc32c({directory.data() + directory.size(), header.body_size});
  header.common.crc = crc_of(header);
  store(bytes.data() + offset, header);
  return block_size(header);
}

void seal_footer(std::string& bytes, std::size_t offset, const Uuid& log_id) {
  if (bytes.size() < offset + sizeof(FooterHeader) + sizeof(Trailer)) return;
  auto header = load<FooterHeader>(bytes.data() + offset);
  const auto room = bytes.size() - offset - sizeof header - sizeof(Trailer);
  header.common.magic = footer_magic;
  header.common.version = version;
  header.common.log_id = log_id;
  header.body_size = static_cast<std::uint32_t>(std::min<std::size_t>(header.body_size, room));
  header.body_crc = crc32c({bytes.data() + offset + sizeof header, header.body_size});
  header.common.crc = crc_of(header);
  store(bytes.data() + offset, header);
  Trailer trailer{Trailer::magic_bytes, offset, header.common.crc, 0};
  trailer.crc = crc_of(trailer);
  bytes.resize(offset + sizeof header + header.body_size);
  bytes += bytes_of(trailer);
}

void seal_segment(std::string& bytes, const Uuid& log_id) {
  std::uint64_t next_id = 0;
  std::uint32_t chain = 0;
  for (auto offset = sizeof(SegmentHeader); offset + sizeof(BlockHeader) <= bytes.size();) {
    const auto magic = load<std::uint32_t>(bytes.data() + offset);
    if (magic == footer_magic) return seal_footer(bytes, offset, log_id);
    if (magic != block_magic) return;
    const auto size = seal_block(bytes, offset, log_id, next_id, chain);
    const auto header = load<BlockHeader>(bytes.data() + offset);
    next_id += header.count;
    chain = header.common.crc;
    offset += size;
  }
}

}  // namespace aludel
