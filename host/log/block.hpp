// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/event.hpp"
#include "log/format.hpp"

namespace aludel {

/// One append as it stands in the log, read in place (docs/store-format.md, "Blocks"). Borrows the mapped
/// bytes: valid as long as the `BlockCursor` that it came from says. Made only of bytes that were checked, so
/// nothing here can fail.
///
/// A reader that wants few types asks `types()` first and leaves the body's pages untouched if none is there:
///
///     for (auto [name, count] : block.types()) ...
///     for (auto events = block.events(next); events.next(event);) ...
class Block {
 public:
  struct TypeCount {
    std::string_view name;
    std::uint32_t count;  ///< events of this type in the block, at least 1
  };

  /// The types of the block's events, in the order of their first event. An event's type index
  /// (`Events::type_index`) points in here.
  class Types {
   public:
    class Iterator {
     public:
      explicit Iterator(const char* at) : at_(at) {}
      [[nodiscard]] TypeCount operator*() const {
        const auto entry = format::load<format::TypeEntry>(at_);
        return {{at_ + entry.name_offset, entry.name_size}, entry.count};
      }
      Iterator& operator++() {
        at_ += sizeof(format::TypeEntry);
        return *this;
      }
      friend bool operator==(const Iterator&, const Iterator&) = default;

     private:
      const char* at_;
    };
    Types(const char* begin, const char* end) : begin_(begin), end_(end) {}
    [[nodiscard]] Iterator begin() const { return Iterator(begin_); }
    [[nodiscard]] Iterator end() const { return Iterator(end_); }
    [[nodiscard]] std::size_t size() const {
      return static_cast<std::size_t>(end_ - begin_) / sizeof(format::TypeEntry);
    }
    [[nodiscard]] TypeCount operator[](std::size_t index) const {
      return *Iterator(begin_ + index * sizeof(format::TypeEntry));
    }

   private:
    const char* begin_;
    const char* end_;
  };

  /// Walks the events from an id to the block's last.
  class Events;

  /// @param at a block's first byte; its header and directory were checked
  explicit Block(const char* at) : Block(at, format::load<format::BlockHeader>(at)) {}
  /// @param header what was checked, where what is at `at` may have changed meanwhile
  Block(const char* at, const format::BlockHeader& header) : at_(at), header_(header) {}

  [[nodiscard]] std::uint64_t first_id() const { return header_.common.first_id; }
  [[nodiscard]] std::uint32_t count() const { return header_.count; }
  [[nodiscard]] std::uint64_t end_id() const { return first_id() + count(); }
  /// When it was appended, wall clock, nanoseconds since 1970; never less than the block's before.
  [[nodiscard]] std::int64_t time_ns() const { return header_.common.time_ns; }
  /// The header's CRC32C. As each header holds its predecessor's, it stands for the log's whole history up to
  /// here.
  [[nodiscard]] std::uint32_t fingerprint() const { return header_.common.crc; }
  [[nodiscard]] std::string_view producer() const {
    return {directory(), header_.producer_size};
  }  ///< empty if none
  [[nodiscard]] std::uint64_t producer_sequence() const {
    return header_.producer_sequence;
  }  ///< of the block's first event
  [[nodiscard]] Types types() const;
  [[nodiscard]] Events events(std::uint64_t from_id) const;

  /// The CRC of event `index` of the block as its sender wrote it. Only in a block of a producer.
  [[nodiscard]] std::uint32_t sent_crc(std::uint32_t index) const {
    return format::load<std::uint32_t>(body() + std::size_t{index} * sizeof(std::uint32_t));
  }
  [[nodiscard]] const format::BlockHeader& header() const { return header_; }
  [[nodiscard]] std::size_t size() const { return format::block_size(header_); }  ///< bytes in the segment

 private:
  [[nodiscard]] const char* directory() const { return at_ + sizeof(format::BlockHeader); }
  [[nodiscard]] const char* body() const { return directory() + header_.directory_size; }

  const char* at_;
  format::BlockHeader header_;
};

/// Cheap to copy; may be kept from one batch to the next as long as the block is valid.
class Block::Events {
 public:
  Events(const char* types, const char* origins, const char* records, std::uint64_t next_id,
         std::uint64_t end_id)
      : types_(types), origins_(origins), record_(records), next_id_(next_id), end_id_(end_id) {}

  /// Fills `event` and goes on to the next one.
  /// @return false after the block's last, and `event` is as it was
  bool next(Event& event);

  /// Where in the block's `types()` the type of the event last given stands.
  [[nodiscard]] std::uint32_t type_index() const { return type_index_; }

 private:
  friend class Block;
  void skip_to(std::uint64_t id);

  const char* types_;
  const char* origins_;
  const char* record_;
  std::uint64_t next_id_;
  std::uint64_t end_id_;
  std::uint32_t type_index_ = 0;
};

}  // namespace aludel
