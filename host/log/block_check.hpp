// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/block.hpp"
#include "log/format.hpp"

/// The checks that stand between stored bytes and a `Block`. Each says what is wrong, or nothing.
namespace aludel {

using Fault = std::optional<std::string>;

/// What the next block of a walk must say.
struct Expected {
  Uuid log_id;
  std::uint64_t first_id = 0;
  std::optional<std::uint32_t> previous_crc;  ///< nothing if the walk began in the middle
};

/// Whether the checksum holds of what claims to be a block's or footer's header, for the formats of all
/// versions.
[[nodiscard]] bool is_intact(const format::BlockHeader& header);

/// @param room bytes from the block's start to where blocks must end
[[nodiscard]] Fault header_fault(const format::BlockHeader& header, const Expected& expected,
                                 std::uint64_t room);

/// Of a block whose header is right and whose directory, at least, can be read.
[[nodiscard]] Fault directory_fault(const char* block);
[[nodiscard]] Fault body_fault(const char* block);

}  // namespace aludel
