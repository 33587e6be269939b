// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// A look at a file before the dynamic loader sees it: the loader's words for a foreign or truncated file are
/// poor, and a file that is shorter than its segments kills the process that maps it.
///
/// The two functions on bytes read nothing outside of them and take anything.
namespace aludel::elf {

/// Where a file's program headers are.
struct Header {
  std::uint64_t segments_offset = 0;
  std::uint64_t segments_size = 0;
};

/// Why a file is no plugin for this machine.
struct Fault {
  std::string_view reason;  ///< of plugin/refusal.hpp: not_a_library, wrong_machine
  std::string text;
};

inline constexpr std::size_t header_size = 64;

/// @param bytes the file's first `header_size` bytes, or all of a smaller file  @param file_size of the whole
[[nodiscard]] std::optional<Fault> read_header(std::string_view bytes, std::uint64_t file_size, Header& out);

/// @param segments the bytes that the header names
[[nodiscard]] std::optional<Fault> check_segments(std::string_view segments, std::uint64_t file_size);

/// Both, on a file.
/// @return refused: not_found, not_a_library, wrong_machine
[[nodiscard]] Result<void> check_file(const std::filesystem::path& file);

}  // namespace aludel::elf
