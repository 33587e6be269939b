// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/event.hpp"

namespace aludel {

/// One append as it stands in the log, read in place (docs/store-format.md, "Blocks"). Borrows the mapped
/// bytes: valid as long as the `BlockCursor` that it came from. Made only of bytes that were checked, so
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

  /// The types of the block's events, in the order of their first event. An `Event`'s type index points in
  /// here.
  class Types {
   public:
    class Iterator {
     public:
      explicit Iterator(const char* at) : at_(at) {}
      [[nodiscard]] TypeCount operator*() const;
      Iterator& operator++();
      friend bool operator==(const Iterator&, const Iterator&) = default;

     private:
      const char* at_;
    };
    Types(const char* begin, const char* end) : begin_(begin), end_(end) {}
    [[nodiscard]] Iterator begin() const { return Iterator(begin_); }
    [[nodiscard]] Iterator end() const { return Iterator(end_); }

   private:
    const char* begin_;
    const char* end_;
  };

  /// Walks the events from an id to the block's last.
  class Events;

  [[nodiscard]] std::uint64_t first_id() const;
  [[nodiscard]] std::uint32_t count() const;
  [[nodiscard]] std::uint64_t end_id() const { return first_id() + count(); }
  /// When it was appended, wall clock, nanoseconds since 1970; never less than the block's before.
  [[nodiscard]] std::int64_t time_ns() const;
  /// The header's CRC32C. As each header holds its predecessor's, it stands for the log's whole history up to
  /// here.
  [[nodiscard]] std::uint32_t fingerprint() const;
  [[nodiscard]] std::string_view producer() const;        ///< empty if none
  [[nodiscard]] std::uint64_t producer_sequence() const;  ///< of the block's first event
  [[nodiscard]] Types types() const;
  [[nodiscard]] Events events(std::uint64_t from_id) const;
};

}  // namespace aludel
