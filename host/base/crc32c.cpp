// SPDX-License-Identifier: MIT
#include "base/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace aludel {

namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // bits reversed: bit 31 is x^0

using Table = std::array<std::uint32_t, 256>;

// tables[k][b]: the CRC register after byte b and k zero bytes.
constexpr std::array<Table, 8> make_byte_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const auto before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr auto byte_tables = make_byte_tables();

std::uint64_t load_u64(const char* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint32_t update_by_tables(std::uint32_t crc, const char* at, std::size_t size) {
  const auto& t = byte_tables;
  for (; size >= 8; size -= 8, at += 8) {
    const auto x = load_u64(at) ^ crc;
    crc = t[7][x & 0xFF] ^ t[6][(x >> 8) & 0xFF] ^ t[5][(x >> 16) & 0xFF] ^ t[4][(x >> 24) & 0xFF] ^
          t[3][(x >> 32) & 0xFF] ^ t[2][(x >> 40) & 0xFF] ^ t[1][(x >> 48) & 0xFF] ^ t[0][x >> 56];
  }
  for (; size > 0; --size, ++at)
    crc = (crc >> 8) ^ t[0][(crc ^ static_cast<unsigned char>(*at)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)

// The instruction takes three cycles but one can start each cycle: three lanes of this many bytes run side by
// side, then the lanes' registers are brought together.
constexpr std::size_t lane = 512;

// a * b modulo the polynomial, bits reversed.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & 0x80000000) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? polynomial : 0);
  }
  return product;
}

// tables[k][b]: the effect of byte k of a register, being b, after `bytes` zero bytes.
constexpr std::array<Table, 4> make_shift_tables(std::size_t bytes) {
  std::uint32_t power = 0x80000000;   // x^(8 * bytes)
  std::uint32_t square = 0x00800000;  // x^8
  for (; bytes > 0; bytes >>= 1) {
    if ((bytes & 1) != 0) power = multiply(power, square);
    square = multiply(square, square);
  }
  std::array<Table, 4> tables{};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::uint32_t bit = 1; bit < 256; bit <<= 1)
      tables[k][bit] = multiply(bit << (8 * k), power);
    for (std::size_t byte = 1; byte < 256; ++byte) {
      tables[k][byte] = tables[k][byte & (byte - 1)] ^ tables[k][byte & (~byte + 1)];
    }
  }
  return tables;
}

constexpr auto shift_tables = make_shift_tables(lane);

std::uint32_t shift(std::uint64_t crc) {
  return shift_tables[0][crc & 0xFF] ^ shift_tables[1][(crc >> 8) & 0xFF] ^
         shift_tables[2][(crc >> 16) & 0xFF] ^ shift_tables[3][(crc >> 24) & 0xFF];
}

__attribute__((target("sse4.2"))) std::uint32_t update_by_instruction(std::uint32_t start, const char* at,
                                                                      std::size_t size) {
  std::uint64_t crc = start;
  for (; size >= 3 * lane; size -= 3 * lane, at += 3 * lane) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < lane; i += 8) {
      crc = _mm_crc32_u64(crc, load_u64(at + i));
      second = _mm_crc32_u64(second, load_u64(at + lane + i));
      third = _mm_crc32_u64(third, load_u64(at + 2 * lane + i));
    }
    crc = shift(shift(crc) ^ second) ^ third;
  }
  for (; size >= 8; size -= 8, at += 8)
    crc = _mm_crc32_u64(crc, load_u64(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; size > 0; --size, ++at)
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return narrow;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before) {
  return ~update_by_tables(~before, bytes.data(), bytes.size());
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~update_by_instruction(~before, bytes.data(), bytes.size());
#endif
  return crc32c_portable(bytes, before);
}

}  // namespace aludel
