// SPDX-License-Identifier: MIT
/// @file config.hpp
/// What the operator configured, as a handler's constructor is given it.
#pragma once

#include <algorithm>
#include <aludel/cpp/document.hpp>
#include <initializer_list>

namespace aludel {
inline namespace v1 {
namespace detail {

/// What a JSON object or array holds that is known to be valid, as it is written, one after the other.
class Members {
 public:
  struct Member {
    std::string_view key;  ///< empty in an array
    std::string_view value;
  };

  explicit Members(std::string_view container) noexcept {
    const std::size_t begin = container.find_first_of("{[");
    if (begin == std::string_view::npos) return;
    is_object_ = container[begin] == '{';
    rest_ = container.substr(begin + 1);
  }

  std::optional<Member> next() noexcept {
    skip(" \t\r\n,");
    if (rest_.empty() || rest_.front() == '}' || rest_.front() == ']') return std::nullopt;
    Member member;
    if (is_object_) {
      const std::string_view quoted = take(string_size(0));
      member.key = quoted.substr(1, quoted.size() - 2);
      skip(" \t\r\n:");
    }
    member.value = take(value_size());
    return member;
  }

 private:
  void skip(const char* characters) noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// Of the string that begins at `at`, with its quotes.
  [[nodiscard]] std::size_t string_size(std::size_t at) const noexcept {
    std::size_t size = 1;
    while (at + size < rest_.size() && rest_[at + size] != '"')
      size += rest_[at + size] == '\\' ? 2 : 1;
    return size + 1;
  }
  [[nodiscard]] std::size_t value_size() const noexcept {
    std::size_t size = 0;
    for (int depth = 0; size < rest_.size();) {
      const char c = rest_[size];
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',')) break;
      if (c == '{' || c == '[') ++depth;
      if (closes) --depth;
      size += c == '"' ? string_size(size) : 1;
    }
    return size;
  }

  std::string_view rest_;
  bool is_object_ = false;
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

  /// The keys of the object at `pointer`, as they are written there; none if it is absent or null.
  /// @throws fail `bad_config` if it is no object
  [[nodiscard]] std::vector<std::string> keys(std::string_view pointer) const;
  /// The elements of the array at `pointer` as JSON text, for within(); none if it is absent or null.
  /// @throws fail `bad_config` if it is no array
  [[nodiscard]] std::vector<std::string> elements(std::string_view pointer) const;
  /// JSON text, an element of this, as a config by itself; borrows it.
  [[nodiscard]] Config within(std::string_view json) const noexcept { return {call_, json}; }

  /// Refuses keys that the handler does not know, a misspelt one for instance.
  /// @throws fail `bad_config`, naming the key and those that are allowed
  void allow_only(std::initializer_list<std::string_view> keys) const;

 private:
  /// The text of the container at `pointer` that opens so; empty if it is absent or null.
  [[nodiscard]] std::string container(std::string_view pointer, std::string_view opening,
                                      const char* kind) const;

  template <typename F>
  static auto as_config_error(F&& read) -> decltype(read()) {
    try {
      return read();
    } catch (const fail& error) {
      throw fail("bad_config", "config " + error.message());
    }
  }
};

inline std::string Config::container(std::string_view pointer, std::string_view opening,
                                     const char* kind) const {
  const auto found = find<Value>(pointer);
  if (!found) return {};
  const aludel_value value = found->abi();
  if (value.type == ALUDEL_JSON && detail::to_view(value.as.bytes).substr(0, 1) == opening)
    return std::string(detail::to_view(value.as.bytes));
  throw fail("bad_config", "config " + detail::Place{pointer}.text() + " is no " + kind);
}

inline std::vector<std::string> Config::keys(std::string_view pointer) const {
  const std::string object = container(pointer, "{", "object");
  std::vector<std::string> names;
  detail::Members members(object);
  while (const auto member = members.next())
    names.emplace_back(member->key);
  return names;
}

inline std::vector<std::string> Config::elements(std::string_view pointer) const {
  const std::string array = container(pointer, "[", "array");
  std::vector<std::string> texts;
  detail::Members members(array);
  while (const auto member = members.next())
    texts.emplace_back(member->value);
  return texts;
}

inline void Config::allow_only(std::initializer_list<std::string_view> keys) const {
  detail::Members members(text_);
  while (const auto member = members.next()) {
    bool known = false;
    std::string allowed;
    for (const std::string_view candidate : keys) {
      known = known || candidate == member->key;
      allowed.append(allowed.empty() ? "" : ", ").append(candidate);
    }
    if (!known)
      throw fail("bad_config", "config \"" + std::string(member->key) + "\" is unknown, allowed: " + allowed);
  }
}

}  // namespace v1
}  // namespace aludel
