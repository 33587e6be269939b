// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "state_number.hpp"

namespace aludel {

/// What the programs that check crash states are told.
struct CrashArguments {
  std::uint64_t states = 1'000;
  std::uint32_t seed = 1;           ///< of the first workload
  std::optional<StateNumber> only;  ///< this state alone

  /// [--states N] [--seed S], or --state NUMBER. @return nothing, if they are wrong; that was told
  static std::optional<CrashArguments> parse(int argc, char** argv);
};

}  // namespace aludel
