// SPDX-License-Identifier: MIT
#include "state_number.hpp"

#include <algorithm>
#include <charconv>

namespace aludel {

std::optional<StateNumber> StateNumber::parse(std::string_view text) {
  StateNumber number(0);
  number.numbers_.clear();
  while (true) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    number.numbers_.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return number;
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
  }
}

bool StateNumber::leads_to(const StateNumber& other) const {
  return numbers_.size() <= other.numbers_.size() &&
         std::equal(numbers_.begin(), numbers_.end(), other.numbers_.begin());
}

std::string StateNumber::to_string() const {
  std::string text;
  for (const auto number : numbers_)
    text += (text.empty() ? "" : ".") + std::to_string(number);
  return text;
}

}  // namespace aludel
