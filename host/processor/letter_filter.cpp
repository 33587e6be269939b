// SPDX-License-Identifier: MIT
#include "processor/letter_filter.hpp"

#include <limits>
#include <string_view>

namespace aludel {

namespace {

std::string json_array(const std::vector<std::int64_t>& numbers) {
  std::string out = "[";
  for (const auto number : numbers)
    out += (out.size() > 1 ? "," : "") + std::to_string(number);
  return out + "]";
}

}  // namespace

LetterCondition::LetterCondition(const LetterFilter& filter)
    : sql_(filter.closed ? "true" : "state in ('dead', 'replaying', 'permanent')") {
  if (!filter.ids.empty()) add("id in (select value from json_each(?))", json_array(filter.ids));
  if (filter.type.ends_with('*')) {
    // As a range, which an index serves. SQLite compares bytes, and 0xff is above each that UTF-8 has.
    const auto prefix = filter.type.substr(0, filter.type.size() - 1);
    add("type >= ?", prefix);
    add("type < ?", prefix + "\xff");
  } else if (!filter.type.empty()) {
    add("type = ?", filter.type);
  }
  if (filter.key) add("key = ?", *filter.key);
  if (!filter.code.empty()) add("code = ?", filter.code);
  if (filter.since_ns || filter.until_ns) {
    // SQLite takes a range for narrow, and its index, only if it has both ends.
    add("last_failed_ns >= ?", filter.since_ns.value_or(std::numeric_limits<std::int64_t>::min()));
    add(filter.until_ns ? "last_failed_ns < ?" : "last_failed_ns <= ?",
        filter.until_ns.value_or(std::numeric_limits<std::int64_t>::max()));
  }
}

void LetterCondition::add(const std::string& condition, std::variant<std::int64_t, std::string> value) {
  sql_ += " and " + condition;
  values_.push_back(std::move(value));
}

void LetterCondition::bind(Statement& statement, int first) const {
  for (const auto& value : values_) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement.bind(first, *number);
    } else {
      statement.bind(first, std::string_view(std::get<std::string>(value)));
    }
    ++first;
  }
}

}  // namespace aludel
