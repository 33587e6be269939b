// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace aludel {

/// Delays between attempts that grow: `first`, `first * multiplier`, ... and never above `max`.
struct Backoff {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds max{30'000};
  double multiplier = 2.0;
  double jitter =
      0.0;  ///< 0 to 1: the share of a delay that chance takes away, so that many do not come at once

  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// The delay before the attempt that follows failed attempt number `attempt`, which counts from 1. Pure;
/// defined for every number. A multiplier below 1 counts as 1, a negative delay as none, a jitter outside of
/// 0 to 1 as the nearest.
/// @param random in [0, 1): how much of the jitter is taken away
[[nodiscard]] std::chrono::milliseconds delay_after(const Backoff& backoff, std::uint32_t attempt,
                                                    double random = 0.0);

}  // namespace aludel
