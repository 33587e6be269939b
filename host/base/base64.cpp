// SPDX-License-Identifier: MIT
#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace aludel {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t invalid = 64;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(invalid);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

std::uint32_t value_of(char c) {
  return values[static_cast<std::uint8_t>(c)];
}

}  // namespace

std::optional<std::size_t> decode_base64(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  char* const begin = out;
  while (!text.empty()) {
    const bool last = text.size() == 4;
    const std::size_t padding = !last || text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = i < 4 - padding ? value_of(text[i]) : 0;
      if (value == invalid) return std::nullopt;
      bits = bits << 6 | value;
    }
    // Bits that no byte takes must be zero, or two texts would stand for the same bytes.
    if ((bits & ((1u << (8 * padding)) - 1)) != 0) return std::nullopt;
    for (std::size_t i = 0; i < 3 - padding; ++i)
      *out++ = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
    text.remove_prefix(4);
  }
  return static_cast<std::size_t>(out - begin);
}

void append_base64(std::string& out, std::string_view bytes) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const auto size = bytes.size() < 3 ? bytes.size() : 3;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < size ? static_cast<std::uint8_t>(bytes[i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      out += i <= size ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
    bytes.remove_prefix(size);
  }
}

}  // namespace aludel
