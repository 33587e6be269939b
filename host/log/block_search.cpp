// SPDX-License-Identifier: MIT
#include "log/block_search.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "log/block_check.hpp"

namespace aludel {

Result<std::optional<FoundHeader>> find_header_after(FileWindow& window, std::uint64_t offset,
                                                     const Uuid& log_id) {
  constexpr std::size_t step = 32 * limits::KiB;
  constexpr std::size_t header_size = sizeof(format::BlockHeader);
  for (auto start = format::aligned(offset);; start += step) {
    // Steps overlap by a header, which so lies whole in one of them.
    const auto bytes = window.at(start, step + header_size);
    if (!bytes) return bytes.error();
    for (std::size_t at = 0; at < step && at + header_size <= bytes->size(); at += format::alignment) {
      const auto magic = format::load<std::uint32_t>(bytes->data() + at);
      if (magic != format::block_magic && magic != format::footer_magic) continue;
      const auto header = format::load<format::BlockHeader>(bytes->data() + at);
      if (is_intact(header) && header.common.log_id == log_id) {
        return std::optional(FoundHeader{start + at, header});
      }
    }
    if (bytes->size() < step + header_size) return std::nullopt;
  }
}

Result<std::optional<std::uint64_t>> find_synced_after(FileWindow& window, std::uint64_t offset,
                                                       const Uuid& log_id) {
  std::optional<std::uint64_t> highest;
  for (;;) {
    const auto found = find_header_after(window, offset, log_id);
    if (!found) return found.error();
    if (!found->has_value()) return highest;
    const auto& header = (*found)->header;
    const auto synced = header.common.magic == format::footer_magic
                            ? format::load<format::FooterHeader>(format::bytes_of(header).data()).end_id
                            : header.synced_to;
    highest = std::max(highest.value_or(0), synced);
    offset = (*found)->offset + format::alignment;
  }
}

}  // namespace aludel
