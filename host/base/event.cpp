// SPDX-License-Identifier: MIT
#include "base/event.hpp"

namespace aludel {

namespace {

// Takes the text up to the next NUL off `rest`.
std::string_view take_string(std::string_view& rest) {
  const auto end = rest.find('\0');
  const auto text = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return text;
}

}  // namespace

std::optional<AttributeList::Attribute> AttributeList::at(std::uint64_t index) const {
  auto rest = packed_;
  while (!rest.empty()) {
    const auto name = take_string(rest);
    const auto value = take_string(rest);
    if (index-- == 0) return Attribute{name, value};
  }
  return std::nullopt;
}

std::optional<std::string_view> AttributeList::find(std::string_view name) const {
  auto rest = packed_;
  while (!rest.empty()) {
    const auto candidate = take_string(rest);
    const auto value = take_string(rest);
    if (candidate == name) return value;
  }
  return std::nullopt;
}

}  // namespace aludel
