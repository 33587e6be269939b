// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aludel {

/// CloudEvents attributes beside those that an `Event` has members for (id, dataschema, traceparent,
/// extensions), packed as "name\0value\0name\0value\0...". Neither names nor values contain NUL. Borrows its
/// bytes.
class AttributeList {
 public:
  struct Attribute {
    std::string_view name;
    std::string_view value;
  };

  AttributeList() = default;
  /// @param packed empty, or ends with NUL and holds an even number of NULs
  explicit AttributeList(std::string_view packed) : packed_(packed) {}

  [[nodiscard]] std::string_view packed() const { return packed_; }
  [[nodiscard]] bool empty() const { return packed_.empty(); }

  /// The attribute at `index` in stored order; nothing past the last.
  [[nodiscard]] std::optional<Attribute> at(std::uint64_t index) const;
  /// The value of the attribute called `name`, compared to the letter.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::string_view packed_;
};

/// An event as it stands in the log. Immutable. Borrows from the block that it was read from.
///
/// Every string is UTF-8 and followed by a NUL; 64 readable bytes follow `data`; `data.data()` is never null.
struct Event {
  std::uint64_t id = 0;      ///< position in the log, gap-free from 0
  std::int64_t time_ns = 0;  ///< CloudEvents `time`, nanoseconds since 1970-01-01T00:00:00Z
  std::string_view type;
  std::string_view source;
  std::string_view key;  ///< CloudEvents `subject`; empty if there is none
  std::string_view content_type;
  std::string_view data;
  AttributeList attributes;
};

/// An event on its way into the log. Borrows: the sender keeps its bytes until the append has returned.
struct NewEvent {
  std::string_view type;
  std::string_view source;
  std::string_view key;
  std::string_view content_type;
  std::string_view data;
  AttributeList attributes;
  std::int64_t time_ns = 0;
  /// CRC32C of the event as its sender wrote it, before defaults were filled in: a producer that repeats a
  /// sequence must repeat the same bytes.
  std::uint32_t sent_crc = 0;
};

}  // namespace aludel
