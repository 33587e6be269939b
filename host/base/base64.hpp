// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aludel {

/// The bytes that base64 of the standard alphabet (RFC 4648, section 4) stands for, into `out`, which has
/// room for `text.size() / 4 * 3` of them.
/// @return how many; nothing if the text is malformed: another character, wrong padding, stray bits
[[nodiscard]] std::optional<std::size_t> decode_base64(std::string_view text, char* out);

/// Appends the padded base64 form of `bytes`.
void append_base64(std::string& out, std::string_view bytes);

}  // namespace aludel
