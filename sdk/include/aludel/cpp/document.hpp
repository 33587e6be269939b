// SPDX-License-Identifier: MIT
/// @file document.hpp
/// JSON read by pointer (RFC 6901): what an Event and a Config have in common.
#pragma once

#include <aludel/cpp/value.hpp>

namespace aludel {
inline namespace v1 {

/// JSON text of the host. Lives as long as the handler function that it was passed to; can be neither copied
/// nor kept.
class Document {
 public:
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  void operator&() const = delete;  // NOLINT(google-runtime-operator): no pointer to keep

  /// The value at `pointer`: "/amount", "/lines/0/sku", "" for the whole.
  /// @tparam T an integer type, bool, a floating point type, std::string, or std::optional of one, in which
  /// null is nullopt; or Value, which is whatever is there
  /// @throws fail with the code `missing_field`, `not_an_integer`, `not_a_number`, `not_a_boolean`,
  /// `not_a_text`, `overflow` (an integer that does not fit T) or `invalid_json`
  template <typename T>
  [[nodiscard]] T json(std::string_view pointer) const {
    static_assert(!detail::borrows<T>::value,
                  "take std::string: the host's bytes last until the next json() only");
    aludel_value value{};
    if (!look_up(pointer, value)) throw fail("missing_field", detail::Place{pointer}.text() + " is missing");
    return detail::read<T>(value, detail::Place{pointer});
  }

  /// The value at `pointer` if it is there and not null. Throws like json() if it is of another type.
  template <typename T>
  [[nodiscard]] std::optional<T> find(std::string_view pointer) const {
    static_assert(!detail::borrows<T>::value,
                  "take std::string: the host's bytes last until the next json() only");
    aludel_value value{};
    if (!look_up(pointer, value)) return std::nullopt;
    return detail::read<std::optional<T>>(value, detail::Place{pointer});
  }

 protected:
  Document(aludel_call* call, std::string_view text) noexcept : call_(call), text_(text) {}
  ~Document() = default;

  aludel_call* call_;
  std::string_view text_;

 private:
  bool look_up(std::string_view pointer, aludel_value& value) const {
    const std::int32_t result =
        call_->host->json(call_, text_.data(), text_.size(), pointer.data(), pointer.size(), &value);
    if (result == ALUDEL_NOT_FOUND) return false;
    if (result == ALUDEL_INVALID) {
      aludel_str code{"", 0};
      aludel_str message{"", 0};
      call_->host->last_error(call_, &code, &message);
      throw fail("invalid_json",
                 "read " + detail::Place{pointer}.text() + ": " + std::string(detail::to_view(message)));
    }
    detail::check(call_, result, "read JSON");
    return true;
  }
};

}  // namespace v1
}  // namespace aludel
