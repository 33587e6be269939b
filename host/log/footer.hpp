// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/os/file.hpp"
#include "log/catalog.hpp"
#include "log/file_window.hpp"
#include "log/format.hpp"
#include "log/sparse_index.hpp"

namespace aludel {

/// What stands behind a sealed segment's last block: it makes finding, counting and opening independent of
/// the log's length.
struct Footer {
  format::FooterHeader header;
  std::uint64_t offset;  ///< in the segment
  SparseIndex index;
  Catalog catalog;  ///< of the whole log up to the segment's end
};

/// What a footer says beside its tables.
struct FooterFacts {
  Uuid log_id;
  std::uint64_t first_id;  ///< of the segment
  std::uint64_t end_id;
  std::int64_t time_ns;        ///< the last block's
  std::uint32_t previous_crc;  ///< the last block's header CRC
};

/// The bytes of footer and trailer, to be written at `offset`, where the file then ends.
[[nodiscard]] std::string encode_footer(const FooterFacts& facts, std::uint64_t offset,
                                        const SparseIndex& index, const Catalog& catalog);

/// How many bytes footer and trailer take.
[[nodiscard]] std::size_t footer_size(const format::FooterHeader& header);

/// Reads the footer that begins at `offset`.
/// @return corrupt
[[nodiscard]] Result<Footer> read_footer_at(FileWindow& window, const std::filesystem::path& path,
                                            std::uint64_t offset);

/// Finds a footer from the end of the file; nothing if the segment is not sealed, or not wholly.
[[nodiscard]] Result<std::optional<Footer>> find_footer(os::File& file, const std::filesystem::path& path);

}  // namespace aludel
