// SPDX-License-Identifier: MIT
#include "policy/replay.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

// Adds until the cap is reached: 91 times at most.
milliseconds fibonacci_delay(milliseconds first, milliseconds max, std::uint64_t retries) {
  if (first.count() <= 0 || max.count() <= 0) return milliseconds::zero();
  const std::int64_t factor_max = max / first;
  std::int64_t factor = 1;
  std::int64_t before = 0;
  for (; retries > 0; --retries) {
    if (before > factor_max - factor) return max;
    factor += std::exchange(before, factor);
  }
  return factor > factor_max ? max : first * factor;
}

milliseconds delay_of(const ReplayPolicy& policy, std::uint64_t retries) {
  const Backoff backoff{policy.initial_delay, policy.max_delay,
                        policy.strategy == ReplayStrategy::exponential ? policy.multiplier : 1.0, 0.0};
  switch (policy.strategy) {
    case ReplayStrategy::off: break;
    case ReplayStrategy::fixed:
    case ReplayStrategy::exponential: return delay_after(backoff, static_cast<std::uint32_t>(retries + 1));
    case ReplayStrategy::fibonacci: return fibonacci_delay(policy.initial_delay, policy.max_delay, retries);
  }
  assertion_failed("every strategy but `off` has delays", __FILE__, __LINE__);
}

}  // namespace

std::optional<milliseconds> replay_delay(const ReplayPolicy& policy, std::uint64_t retries) {
  if (policy.strategy == ReplayStrategy::off || retries >= policy.max_retries) return std::nullopt;
  return std::max({delay_of(policy, retries), policy.min_age, milliseconds::zero()});
}

// They never become shorter.
std::optional<milliseconds> replay_delay_max(const ReplayPolicy& policy) {
  return policy.max_retries == 0 ? std::nullopt : replay_delay(policy, policy.max_retries - 1);
}

std::string_view to_string(ReplayStrategy strategy) {
  switch (strategy) {
    case ReplayStrategy::off: return "off";
    case ReplayStrategy::fixed: return "fixed";
    case ReplayStrategy::exponential: return "exponential";
    case ReplayStrategy::fibonacci: return "fibonacci";
  }
  return "unknown";
}

std::string_view to_string(ReplayOrder order) {
  switch (order) {
    case ReplayOrder::oldest: return "oldest";
    case ReplayOrder::newest: return "newest";
    case ReplayOrder::fewest_retries: return "fewest_retries";
    case ReplayOrder::by_code: return "by_code";
  }
  return "unknown";
}

}  // namespace aludel
