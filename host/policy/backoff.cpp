// SPDX-License-Identifier: MIT
#include "policy/backoff.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace aludel {

namespace {

std::chrono::milliseconds without_jitter(const Backoff& backoff, std::uint32_t attempt) {
  const auto first = std::max(backoff.first, std::chrono::milliseconds::zero());
  const auto max = std::max(backoff.max, std::chrono::milliseconds::zero());
  if (first.count() == 0) return first;
  // A double grows to infinity where an integer would wrap to a delay of nothing.
  const double growth = std::pow(std::max(backoff.multiplier, 1.0), static_cast<double>(attempt - 1));
  const double delay = static_cast<double>(first.count()) * growth;
  if (!(delay < static_cast<double>(max.count()))) return max;
  return std::chrono::milliseconds(static_cast<std::int64_t>(delay));
}

}  // namespace

std::chrono::milliseconds delay_after(const Backoff& backoff, std::uint32_t attempt, double random) {
  ALUDEL_ASSERT(attempt >= 1);
  ALUDEL_ASSERT(random >= 0.0 && random < 1.0);
  const auto delay = without_jitter(backoff, attempt);
  const double taken = std::clamp(backoff.jitter, 0.0, 1.0) * random;
  if (!(taken > 0.0)) return delay;
  return delay -
         std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * taken));
}

}  // namespace aludel
