// SPDX-License-Identifier: MIT
/// @file subscription.hpp
/// Event types that a handler wants, where its config names them.
#pragma once

#include <aludel/cpp/outcome.hpp>

namespace aludel {
inline namespace v1 {

/// Event types, written as operators write them: "deposit" is that type, "order.*" all that begin with
/// "order.", "*" every one.
class Subscription {
 public:
  explicit Subscription(std::string_view text) : type_(text) {
    if (type_.empty() || type_.back() != '*') return;
    type_.pop_back();
    kind_ = type_.empty() ? ALUDEL_ALL : ALUDEL_PREFIX;
  }

  [[nodiscard]] bool matches(std::string_view type) const noexcept {
    return kind_ == ALUDEL_EXACT ? type == type_ : type.substr(0, type_.size()) == type_;
  }
  friend bool operator==(const Subscription& a, const Subscription& b) noexcept {
    return a.kind_ == b.kind_ && a.type_ == b.type_;
  }
  [[nodiscard]] std::uint32_t kind() const noexcept { return kind_; }       ///< ALUDEL_EXACT, PREFIX or ALL
  [[nodiscard]] const std::string& type() const noexcept { return type_; }  ///< without the "*"

 private:
  std::uint32_t kind_ = ALUDEL_EXACT;
  std::string type_;
};

}  // namespace v1
}  // namespace aludel
