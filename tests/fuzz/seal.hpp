// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/uuid.hpp"

/// Makes checksums and chains right in bytes that are otherwise as they come: else none would get past them.
namespace aludel {

/// Of what stands at `offset`, as far as it has room: a block's header with its directory and its body. Sizes
/// that are too large are made to fit.
/// @return its size; 0: not even a header has room
std::size_t seal_block(std::string& bytes, std::size_t offset, const Uuid& log_id, std::uint64_t first_id,
                       std::uint32_t previous_crc);

/// The same for a footer, behind which the bytes then end with its trailer.
void seal_footer(std::string& bytes, std::size_t offset, const Uuid& log_id);

/// A segment's blocks, and its footer if one follows.
/// @param bytes begin with the segment's header
void seal_segment(std::string& bytes, const Uuid& log_id);

}  // namespace aludel
