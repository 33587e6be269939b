// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "log/format.hpp"

/// Segment files: their names and what stands in front of their first block.
namespace aludel {

/// "<first id, 20 digits>.seg": names sort as ids do.
[[nodiscard]] std::string segment_name(std::uint64_t first_id);
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

/// Whether a file is one that was being made when its writer ended; it may be removed.
[[nodiscard]] bool is_unfinished(std::string_view name);
/// The name under which `path` is made before it gets its own.
[[nodiscard]] std::filesystem::path unfinished(std::filesystem::path path);

/// The first ids of all segments in the folder, rising. Which of them are the log: `kept_segments`.
[[nodiscard]] Result<std::vector<std::uint64_t>> list_segments(os::FileSystem& files,
                                                               const std::filesystem::path& dir);

[[nodiscard]] format::SegmentHeader make_segment_header(const Uuid& log_id, std::uint64_t first_id,
                                                        std::uint32_t previous_crc, std::int64_t created_ns,
                                                        std::uint64_t capacity);

/// Reads and checks a segment's header.
/// @return corrupt; unsupported if another version of Aludel wrote it
[[nodiscard]] Result<format::SegmentHeader> read_segment_header(os::File& file,
                                                                const std::filesystem::path& path);

/// Stored bytes are not what was written: names file and offset.
[[nodiscard]] Error corrupt(const std::filesystem::path& path, std::uint64_t offset, std::string_view what);

/// Bytes in a format that this build does not know.
[[nodiscard]] Error unknown_version(const std::filesystem::path& path, std::uint32_t version);

}  // namespace aludel
