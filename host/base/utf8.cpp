// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace aludel {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

// The size of the character that `bytes` begins with; 0 if it is none. By the table of RFC 3629, section 4.
std::size_t character_size(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto first = at(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < size) return 0;
  const std::uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = character_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string repaired_utf8(std::string_view bytes) {
  return repaired_utf8(bytes, std::string::npos);
}

std::string repaired_utf8(std::string_view bytes, std::size_t size_max) {
  std::string text;
  while (!bytes.empty()) {
    const auto size = bytes.front() == '\0' ? 0 : character_size(bytes);
    const auto character = size == 0 ? replacement : bytes.substr(0, size);
    if (character.size() > size_max - text.size()) break;
    text += character;
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return text;
}

std::string on_one_line(std::string_view bytes, std::size_t size_max) {
  auto line = repaired_utf8(bytes, size_max);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return line;
}

}  // namespace aludel
