// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "support/power_loss.hpp"

namespace aludel {

/// One state that a power loss may leave.
struct CrashState {
  std::uint64_t number = 0;  ///< among those of the same calls
  LossKind kind = LossKind::subsets;
  std::size_t calls = 0;  ///< that were done before
  FolderContent left = {};
};

/// Walks what a power loss after each of the calls may leave, in an order that depends on the calls and the
/// seed.
/// @param wanted by number; the others are counted only
/// @return how many there are
std::uint64_t walk_states(const FolderContent& before, const FileCalls& calls, std::uint32_t seed,
                          const std::function<bool(std::uint64_t)>& wanted,
                          const std::function<void(const CrashState&)>& visit);

/// How many states were checked, by what was interrupted and by the kind of loss.
class Tally {
 public:
  static constexpr std::size_t depth_max = 3;

  /// @param depth 1: the workload was interrupted, 2: the recovery from that, and so on
  void count(std::size_t depth, LossKind kind) { ++counts_.at(depth - 1).at(static_cast<std::size_t>(kind)); }
  [[nodiscard]] std::uint64_t total() const;
  [[nodiscard]] std::uint64_t total(std::size_t depth) const;
  /// A table for people.
  [[nodiscard]] std::string table() const;

 private:
  std::array<std::array<std::uint64_t, loss_kinds>, depth_max> counts_{};
};

}  // namespace aludel
