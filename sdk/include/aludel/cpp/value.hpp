// SPDX-License-Identifier: MIT
/// @file value.hpp
/// C++ values from and to the ABI's. What can be bound to SQL and read out of rows and JSON:
///
///   integers (checked: never cut), bool, floating point, std::string, std::string_view, std::optional of
///   these (NULL is nullopt), blobs, Value; bound only: string literals, nullptr, std::nullopt.
#pragma once

#include <aludel/cpp/outcome.hpp>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

namespace aludel {
inline namespace v1 {

/// Bytes to bind as a blob, or seen in a row. Borrows.
struct Blob {
  const void* data = nullptr;
  std::size_t size = 0;
};

namespace detail {
template <typename T>
aludel_value to_value(const T& source);
}

/// A value whose type is known at run time only: reads whatever is there, as it is. Owns its bytes.
class Value {
 public:
  Value() noexcept = default;  ///< NULL
  /// Of anything that can be bound.
  template <typename T>
  explicit Value(const T& source) : Value(detail::to_value(source)) {}
  explicit Value(const aludel_value& seen) : value_(seen) {
    if (has_bytes()) bytes_.assign(seen.as.bytes.data, seen.as.bytes.size);
  }

  /// As the host takes it; borrows from this.
  [[nodiscard]] aludel_value abi() const noexcept {
    aludel_value value = value_;
    if (has_bytes()) value.as.bytes = {bytes_.data(), bytes_.size()};
    return value;
  }

 private:
  [[nodiscard]] bool has_bytes() const noexcept {
    return value_.type == ALUDEL_TEXT || value_.type == ALUDEL_BLOB || value_.type == ALUDEL_JSON;
  }

  aludel_value value_{};
  std::string bytes_;
};

namespace detail {

template <typename T>
inline constexpr bool is_character = std::is_same_v<T, char> || std::is_same_v<T, wchar_t> ||
                                     std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;
template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Whether a T points into memory of the host.
template <typename T>
struct borrows : std::bool_constant<std::is_same_v<T, std::string_view> || std::is_same_v<T, Blob>> {};
template <typename T>
struct borrows<std::optional<T>> : borrows<T> {};

template <typename T>
inline constexpr bool never = false;

// ---- To the host

inline aludel_value integer_value(std::uint32_t type, std::int64_t integer) noexcept {
  aludel_value value{};
  value.type = type;
  value.as.integer = integer;
  return value;
}

inline aludel_value bytes_value(std::uint32_t type, const void* data, std::size_t size) noexcept {
  aludel_value value{};
  value.type = type;
  value.as.bytes = {static_cast<const char*>(data), size};
  return value;
}

template <typename T>
aludel_value to_value(const T& source) {
  if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
    return aludel_value{};
  } else if constexpr (is_optional<T>::value) {
    return source ? to_value(*source) : aludel_value{};
  } else if constexpr (std::is_same_v<T, bool>) {
    return integer_value(ALUDEL_BOOLEAN, source ? 1 : 0);
  } else if constexpr (std::is_integral_v<T> && !is_character<T>) {
    if constexpr (sizeof(T) == sizeof(std::int64_t) && std::is_unsigned_v<T>) {
      if (source > T{INT64_MAX})
        throw fail("overflow", std::to_string(source) + " does not fit SQL's 64 signed bits");
    }
    return integer_value(ALUDEL_INTEGER, static_cast<std::int64_t>(source));
  } else if constexpr (std::is_floating_point_v<T>) {
    aludel_value value{};
    value.type = ALUDEL_REAL;
    value.as.real = static_cast<double>(source);
    return value;
  } else if constexpr (std::is_same_v<T, Value>) {
    return source.abi();
  } else if constexpr (std::is_same_v<T, Blob>) {
    return bytes_value(ALUDEL_BLOB, source.data, source.size);
  } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
    return bytes_value(ALUDEL_BLOB, source.data(), source.size());
  } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
    return source == nullptr ? aludel_value{} : to_value(std::string_view(source));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    const std::string_view text = source;
    return bytes_value(ALUDEL_TEXT, text.data(), text.size());
  } else {
    static_assert(never<T>, "this type cannot be bound: see aludel/cpp/value.hpp for those that can");
  }
}

// ---- From the host

/// Where a value was found, for messages: a JSON pointer, or a column of a statement.
struct Place {
  std::string_view source;
  std::optional<std::uint64_t> column = std::nullopt;

  [[nodiscard]] std::string text() const {
    const std::string quoted = "\"" + std::string(source) + "\"";
    return column ? "column " + std::to_string(*column) + " of " + quoted : quoted;
  }
};

inline const char* name_of_type(std::uint32_t type) noexcept {
  switch (type) {
    case ALUDEL_NULL: return "null";
    case ALUDEL_INTEGER: return "an integer";
    case ALUDEL_REAL: return "a real number";
    case ALUDEL_TEXT: return "text";
    case ALUDEL_BLOB: return "a blob";
    case ALUDEL_BOOLEAN: return "a boolean";
    case ALUDEL_JSON: return "an object, an array or a number over 64 bits";
    default: return "of an unknown type";
  }
}

[[noreturn]] inline void wrong_type(const aludel_value& value, const Place& place, const char* code,
                                    const char* wanted) {
  throw fail(code, place.text() + " is " + name_of_type(value.type) + ", not " + wanted);
}

/// A number too large for int64 comes as JSON text; objects and arrays do too.
inline bool is_large_number(const aludel_value& value) noexcept {
  return value.type == ALUDEL_JSON && value.as.bytes.size != 0 && *value.as.bytes.data != '{' &&
         *value.as.bytes.data != '[';
}

template <typename T>
T read_integer(const aludel_value& value, const Place& place) {
  if (value.type == ALUDEL_INTEGER) {
    const std::int64_t integer = value.as.integer;
    const T result = static_cast<T>(integer);
    const bool fits = static_cast<std::int64_t>(result) == integer && (std::is_signed_v<T> || integer >= 0);
    if (fits) return result;
  } else if (is_large_number(value)) {
    const char* const end = value.as.bytes.data + value.as.bytes.size;
    T result{};
    const auto parsed = std::from_chars(value.as.bytes.data, end, result);
    if (parsed.ec == std::errc() && parsed.ptr == end) return result;
  } else {
    wrong_type(value, place, "not_an_integer", "an integer");
  }
  throw fail("overflow", place.text() + " is out of range, allowed is " +
                             std::to_string(std::numeric_limits<T>::min()) + " to " +
                             std::to_string(std::numeric_limits<T>::max()));
}

inline double read_real(const aludel_value& value, const Place& place) {
  if (value.type == ALUDEL_REAL) return value.as.real;
  if (value.type == ALUDEL_INTEGER) return static_cast<double>(value.as.integer);
  if (is_large_number(value))
    return std::strtod(value.as.bytes.data, nullptr);  // ends with a NUL, like all text
  wrong_type(value, place, "not_a_number", "a number");
}

/// SQL has no booleans, so a column's integer is taken for one; JSON has, so there it is not.
inline bool read_boolean(const aludel_value& value, const Place& place) {
  if (value.type == ALUDEL_BOOLEAN || (value.type == ALUDEL_INTEGER && place.column))
    return value.as.integer != 0;
  wrong_type(value, place, "not_a_boolean", "a boolean");
}

inline std::string_view read_text(const aludel_value& value, const Place& place) {
  if (value.type == ALUDEL_TEXT) return to_view(value.as.bytes);
  wrong_type(value, place, "not_a_text", "text");
}

inline Blob read_blob(const aludel_value& value, const Place& place) {
  if (value.type == ALUDEL_BLOB) return {value.as.bytes.data, value.as.bytes.size};
  wrong_type(value, place, "not_a_blob", "a blob");
}

template <typename T>
T read(const aludel_value& value, const Place& place) {
  if constexpr (is_optional<T>::value) {
    if (value.type == ALUDEL_NULL) return std::nullopt;
    return read<typename T::value_type>(value, place);
  } else if constexpr (std::is_same_v<T, Value>) {
    return Value(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return read_boolean(value, place);
  } else if constexpr (std::is_integral_v<T> && !is_character<T>) {
    return read_integer<T>(value, place);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(read_real(value, place));
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return T(read_text(value, place));
  } else if constexpr (std::is_same_v<T, Blob>) {
    return read_blob(value, place);
  } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
    const Blob blob = read_blob(value, place);
    const auto* const bytes = static_cast<const std::byte*>(blob.data);
    return {bytes, bytes + blob.size};
  } else {
    static_assert(never<T>, "this type cannot be read: see aludel/cpp/value.hpp for those that can");
  }
}

}  // namespace detail
}  // namespace v1
}  // namespace aludel
