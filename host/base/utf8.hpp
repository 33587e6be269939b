// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aludel {

/// Whether the bytes are UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// The bytes as UTF-8 that is fit to be kept and shown: each byte that belongs to no character, and NUL,
/// becomes U+FFFD.
[[nodiscard]] std::string repaired_utf8(std::string_view bytes);

/// The same, at most `size_max` bytes of it, cut between two characters.
[[nodiscard]] std::string repaired_utf8(std::string_view bytes, std::size_t size_max);

/// The same as one line that steers no terminal: line breaks, tabs and other control characters are spaces.
[[nodiscard]] std::string on_one_line(std::string_view bytes, std::size_t size_max = std::string::npos);

}  // namespace aludel
