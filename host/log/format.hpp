// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/crc32c.hpp"
#include "base/uuid.hpp"

/// The fixed parts of a segment as they stand on disk, little-endian. docs/store-format.md says what they
/// mean; this says where they lie.
namespace aludel::format {

static_assert(std::endian::native == std::endian::little, "the store is little-endian");

inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t alignment = 8;       ///< blocks and footers start at multiples of this
inline constexpr std::size_t readable_tail = 64;  ///< zero bytes at least, after a block's last event
inline constexpr std::uint64_t none = ~std::uint64_t{0};

/// The first 4,096 bytes of a segment.
struct SegmentHeader {
  static constexpr std::array<char, 8> magic_bytes{'A', 'L', 'U', 'D', 'E', 'L', 'S', '\n'};

  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t previous_crc;  ///< the header CRC of the block before the segment's first; 0 if there is none
  Uuid log_id;
  std::uint64_t first_id;
  std::int64_t created_ns;
  std::uint64_t capacity;  ///< blocks end at or below this offset
  std::array<char, 4096 - 56 - 4> reserved;
  std::uint32_t crc;  ///< of all bytes before it, in every version
};
static_assert(sizeof(SegmentHeader) == 4096 && std::is_trivially_copyable_v<SegmentHeader>);

inline constexpr std::uint32_t block_magic = 0xA1B10C4D;
inline constexpr std::uint32_t footer_magic = 0xA1F007E2;

/// What a block's and a footer's header share.
struct CommonHeader {
  std::uint32_t magic;
  std::uint32_t crc;  ///< of the rest of the header
  std::uint32_t version;
  std::uint32_t previous_crc;  ///< the header CRC of the block before
  Uuid log_id;
  std::uint64_t first_id;
  std::int64_t time_ns;
};

struct BlockHeader {
  CommonHeader common;
  std::uint64_t synced_to;  ///< every event below this was durable when the block was written
  std::uint32_t count;      ///< events
  std::uint32_t directory_size;
  std::uint32_t directory_crc;
  std::uint32_t body_size;
  std::uint32_t body_crc;
  std::uint32_t type_count;
  std::uint32_t origin_count;
  std::uint32_t producer_size;  ///< 0 if there is none
  std::uint64_t producer_sequence;
  std::uint64_t
      producer_previous_id;  ///< the first id of the producer's block before; `none` if there is none
  std::uint32_t producer_previous_offset;  ///< of that block in its segment
  std::array<std::uint32_t, 5> reserved;
};
static_assert(sizeof(BlockHeader) == 128 && std::is_trivially_copyable_v<BlockHeader>);

struct FooterHeader {
  CommonHeader common;   ///< first_id is the segment's; time_ns the last block's
  std::uint64_t end_id;  ///< first id of the next segment
  std::uint32_t body_size;
  std::uint32_t body_crc;
  std::uint32_t index_count;
  std::uint32_t type_count;
  std::uint32_t producer_count;
  std::array<std::uint32_t, 13> reserved;
};
static_assert(sizeof(FooterHeader) == 128 && std::is_trivially_copyable_v<FooterHeader>);

/// The last bytes of a sealed segment's file.
struct Trailer {
  static constexpr std::array<char, 8> magic_bytes{'A', 'L', 'U', 'D', 'E', 'L', 'E', '\n'};

  std::array<char, 8> magic;
  std::uint64_t footer_offset;
  std::uint32_t footer_crc;  ///< the footer's header CRC
  std::uint32_t crc;         ///< of all bytes before it
};
static_assert(sizeof(Trailer) == 24 && std::is_trivially_copyable_v<Trailer>);

/// The file `first`: where a log begins whose oldest segments were dropped.
struct FirstMark {
  static constexpr std::array<char, 8> magic_bytes{'A', 'L', 'U', 'D', 'E', 'L', 'F', '\n'};

  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t reserved_front;
  Uuid log_id;
  std::uint64_t first_id;  ///< of the oldest segment that is kept
  std::uint32_t reserved_back;
  std::uint32_t crc;  ///< of all bytes before it, in every version
};
static_assert(sizeof(FirstMark) == 48 && std::is_trivially_copyable_v<FirstMark>);

/// An entry of a block's directory of types; `name_offset` counts from the entry's own start.
struct TypeEntry {
  std::uint32_t count;
  std::uint32_t name_size;
  std::uint32_t name_offset;
};
static_assert(sizeof(TypeEntry) == 12);

/// A source and a content type that events of the block share; offsets count from the entry's own start.
struct OriginEntry {
  std::uint32_t source_size;
  std::uint32_t source_offset;
  std::uint32_t content_type_size;
  std::uint32_t content_type_offset;
};
static_assert(sizeof(OriginEntry) == 16);

/// An event's fixed part; its key, a NUL, its attributes and its data follow.
struct EventRecord {
  std::int64_t time_ns;
  std::uint32_t data_size;
  std::uint32_t origin;  ///< index among the block's origins
  std::uint16_t type;    ///< index among the block's types
  std::uint16_t key_size;
  std::uint16_t attributes_size;
  std::uint16_t reserved;
};
static_assert(sizeof(EventRecord) == 24);

/// Reads a fixed part from unaligned bytes.
template <typename T>
[[nodiscard]] T load(const char* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(char* at, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
[[nodiscard]] std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

[[nodiscard]] constexpr std::size_t aligned(std::size_t size) {
  return (size + alignment - 1) / alignment * alignment;
}

[[nodiscard]] inline std::uint32_t crc_of(const SegmentHeader& header) {
  return crc32c(bytes_of(header).substr(0, offsetof(SegmentHeader, crc)));
}
[[nodiscard]] inline std::uint32_t crc_of(const Trailer& trailer) {
  return crc32c(bytes_of(trailer).substr(0, offsetof(Trailer, crc)));
}
[[nodiscard]] inline std::uint32_t crc_of(const FirstMark& mark) {
  return crc32c(bytes_of(mark).substr(0, offsetof(FirstMark, crc)));
}
/// Of a BlockHeader or a FooterHeader.
template <typename Header>
[[nodiscard]] std::uint32_t crc_of(const Header& header) {
  return crc32c(bytes_of(header).substr(offsetof(CommonHeader, version)));
}

[[nodiscard]] inline std::size_t block_size(const BlockHeader& header) {
  return sizeof header + header.directory_size + header.body_size;
}

}  // namespace aludel::format
