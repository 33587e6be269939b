// SPDX-License-Identifier: MIT
/// @file config.hpp
/// What the operator configured, as a handler's constructor is given it.
#pragma once

#include <aludel/cpp/document.hpp>
#include <initializer_list>

namespace aludel {
inline namespace v1 {
namespace detail {

/// The keys of a JSON object that is known to be valid, as they are written, one after the other.
class Keys {
 public:
  explicit Keys(std::string_view object) noexcept : rest_(object.substr(object.find('{') + 1)) {}

  std::optional<std::string_view> next() noexcept {
    int depth = 0;
    bool is_key = false;
    std::string_view text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        text = take_string();
        is_key = depth == 0;
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (c == ':' && is_key) return text;
      if (c == ',') is_key = false;
    }
    return std::nullopt;
  }

 private:
  std::string_view take_string() noexcept {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"')
      end += rest_[end] == '\\' ? 2 : 1;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end < rest_.size() ? end + 1 : rest_.size());
    return text;
  }

  std::string_view rest_;
};

}  // namespace detail

/// The operator's config of this processor: a JSON object. Passed to the constructor.
class Config : public Document {
 public:
  Config(aludel_call* call, std::string_view json) noexcept : Document(call, json) {}

  /// The whole of it, as JSON text.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  /// The value of the key; what is wrong with it is a `fail` with the code "bad_config".
  template <typename T>
  [[nodiscard]] std::optional<T> find(std::string_view pointer) const {
    return as_config_error([&] { return Document::find<T>(pointer); });
  }
  template <typename T>
  [[nodiscard]] T json(std::string_view pointer) const {
    return as_config_error([&] { return Document::json<T>(pointer); });
  }

  /// Refuses keys that the handler does not know, a misspelt one for instance.
  /// @throws fail `bad_config`, naming the key and those that are allowed
  void allow_only(std::initializer_list<std::string_view> keys) const;

 private:
  template <typename F>
  static auto as_config_error(F&& read) -> decltype(read()) {
    try {
      return read();
    } catch (const fail& error) {
      throw fail("bad_config", "config " + error.message());
    }
  }
};

inline void Config::allow_only(std::initializer_list<std::string_view> keys) const {
  detail::Keys found(text_);
  while (const auto key = found.next()) {
    bool known = false;
    std::string allowed;
    for (const std::string_view candidate : keys) {
      known = known || candidate == *key;
      allowed.append(allowed.empty() ? "" : ", ").append(candidate);
    }
    if (!known)
      throw fail("bad_config", "config \"" + std::string(*key) + "\" is unknown, allowed: " + allowed);
  }
}

}  // namespace v1
}  // namespace aludel
