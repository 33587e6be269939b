// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aludel {

/// Which crash state it is: the seed of its workload, its number in there, and, of a crash in the recovery
/// from that one, its number in this, and so on. "17.4711.12" for people, who get the same state by it again.
class StateNumber {
 public:
  explicit StateNumber(std::uint32_t seed) : numbers_{seed} {}
  static std::optional<StateNumber> parse(std::string_view text);

  [[nodiscard]] StateNumber within(std::uint64_t number) const {
    auto inner = *this;
    inner.numbers_.push_back(number);
    return inner;
  }
  [[nodiscard]] std::uint32_t seed() const { return static_cast<std::uint32_t>(numbers_.front()); }
  /// 1 for a crash of the workload, 2 for one of the recovery from it.
  [[nodiscard]] std::size_t depth() const { return numbers_.size() - 1; }
  /// Whether this is `other`, or on the way to it.
  [[nodiscard]] bool leads_to(const StateNumber& other) const;
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const StateNumber&, const StateNumber&) = default;

 private:
  std::vector<std::uint64_t> numbers_;
};

}  // namespace aludel
