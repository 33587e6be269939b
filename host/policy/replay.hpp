// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/backoff.hpp"

/// When dead letters are replayed without an order of the operator's: pure decisions, no I/O, no clock.
namespace aludel {

/// How the delay before a letter's next replay grows with the ones that failed.
enum class ReplayStrategy {
  off,          ///< none are replayed by themselves
  fixed,        ///< always the same
  exponential,  ///< times the multiplier
  fibonacci,    ///< 1, 1, 2, 3, 5, 8 ... times the first
};

/// Which of the letters that are due go first.
enum class ReplayOrder {
  oldest,          ///< as they became letters
  newest,          ///< the other way round
  fewest_retries,  ///< those that have failed the least, the oldest of them first
  by_code,         ///< failures of one code together, the oldest of them first
};

/// What the operator configured for the replay of letters.
struct ReplayPolicy {
  ReplayStrategy strategy = ReplayStrategy::off;
  std::uint32_t max_retries = 5;  ///< automatic replays of one letter; afterwards it is permanent
  std::chrono::milliseconds initial_delay{60'000};
  std::chrono::milliseconds max_delay{3'600'000};
  double multiplier = 2.0;                           ///< exponential only
  std::chrono::milliseconds min_age{5'000};          ///< of a failure: no delay is below
  std::chrono::milliseconds check_interval{60'000};  ///< from the end of a round to the next one
  std::uint64_t batch_size = 100;                    ///< letters of a round, at most
  ReplayOrder order = ReplayOrder::oldest;
  std::uint32_t stop_on_consecutive_failures = 10;  ///< these end a round

  friend bool operator==(const ReplayPolicy&, const ReplayPolicy&) = default;
};

/// The delay from a letter's last failure to its next automatic replay. Pure; defined for every number, never
/// negative.
/// @param retries automatic replays of it that failed
/// @return nothing: it has none before it
[[nodiscard]] std::optional<std::chrono::milliseconds> replay_delay(const ReplayPolicy& policy,
                                                                    std::uint64_t retries);

/// The longest of these delays; nothing where there are none. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> replay_delay_max(const ReplayPolicy& policy);

/// As they are written in the config.
[[nodiscard]] std::string_view to_string(ReplayStrategy strategy);
[[nodiscard]] std::string_view to_string(ReplayOrder order);

}  // namespace aludel
