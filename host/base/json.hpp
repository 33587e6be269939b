// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// One value out of JSON text.
struct JsonValue {
  enum class Type { null, integer, real, text, boolean, json };

  Type type = Type::null;
  std::int64_t integer = 0;  ///< integer; boolean: 0 or 1
  double real = 0;
  /// text: the string, unescaped. json: an object or array as it is written, or a number that fits neither an
  /// int64 (written as an integer) nor a double, digit for digit. Followed by a NUL; never a null pointer.
  std::string_view text = {};
};

/// Parses a JSON text once and reads values out of it by pointer. To be kept and used again: it keeps its
/// buffers. One thread at a time.
class JsonDocument {
 public:
  JsonDocument();
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// Checks the whole text by RFC 8259 and remembers it; it must stay until the next `parse`, with
  /// `readable_behind` readable bytes behind its end. With 64 or more it is used in place, else it is copied.
  /// @return invalid: not JSON, or nested deeper than limits::json_depth_max; limit: over
  ///   limits::json_text_max
  Result<void> parse(std::string_view text, std::size_t readable_behind);

  /// Reads by an RFC 6901 pointer ("" is the whole). Of duplicate keys the first counts. The value's text
  /// stays until the next `at` or `parse`.
  /// @return not_found; invalid: not a pointer. Only after a `parse` that succeeded
  Result<JsonValue> at(std::string_view pointer);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace aludel
