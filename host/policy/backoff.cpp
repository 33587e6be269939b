// SPDX-License-Identifier: MIT
#include "policy/backoff.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace aludel {

std::chrono::milliseconds delay_after(const Backoff& backoff, std::uint32_t attempt) {
  ALUDEL_ASSERT(attempt >= 1);
  const auto first = std::max(backoff.first, std::chrono::milliseconds::zero());
  const auto max = std::max(backoff.max, std::chrono::milliseconds::zero());
  if (first.count() == 0) return first;
  // A double grows to infinity where an integer would wrap to a delay of nothing.
  const double growth = std::pow(std::max(backoff.multiplier, 1.0), static_cast<double>(attempt - 1));
  const double delay = static_cast<double>(first.count()) * growth;
  if (!(delay < static_cast<double>(max.count()))) return max;
  return std::chrono::milliseconds(static_cast<std::int64_t>(delay));
}

}  // namespace aludel
