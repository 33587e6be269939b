// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <cerrno>
#include <sys/random.h>

namespace aludel {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

constexpr bool dash_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Uuid Uuid::random() {
  Uuid uuid;
  // Up to 256 bytes come whole; the call can fail only before the kernel has gathered randomness at boot.
  while (getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) < 0)
    ALUDEL_ASSERT(errno == EINTR);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const Error wrong(ErrorCode::invalid, "read UUID \"" + std::string(text.substr(0, 40)) +
                                            "\": give 32 hexadecimal digits in groups of 8-4-4-4-12");
  if (text.size() != 36) return wrong;
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t byte = 0; byte < uuid.bytes.size(); ++byte, at += 2) {
    if (dash_before(byte) && text[at++] != '-') return wrong;
    const int high = digit_value(text[at]);
    const int low = digit_value(text[at + 1]);
    if (high < 0 || low < 0) return wrong;
    uuid.bytes[byte] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return uuid;
}

std::string Uuid::to_string() const {
  std::string text;
  text.reserve(36);
  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    if (dash_before(byte)) text += '-';
    text += digits[bytes[byte] >> 4];
    text += digits[bytes[byte] & 0x0F];
  }
  return text;
}

}  // namespace aludel
