// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace aludel {

/// CRC32C (Castagnoli, RFC 3720 B.4) of `bytes`. Uses the machine's instruction where there is one. Any
/// thread.
/// @param before the CRC of what precedes `bytes`: crc32c(b, crc32c(a)) == crc32c(a + b)
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// The same by tables alone, for machines without the instruction.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

}  // namespace aludel
