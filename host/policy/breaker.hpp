// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// When a processor is to leave its events alone for a while, as what they need seems to be down: pure
/// decisions, no I/O, no clock.
namespace aludel {

/// What the operator configured.
struct BreakerPolicy {
  std::uint32_t failures = 5;                ///< of so many different keys, at least 2,
  std::chrono::milliseconds within{60'000};  ///< in this time: it opens
  std::chrono::milliseconds open{30'000};    ///< for so long
  std::uint32_t successes = 3;               ///< afterwards: it closes

  friend bool operator==(const BreakerPolicy&, const BreakerPolicy&) = default;
};

/// A circuit breaker of one processor.
///
///   closed ──failures of different keys──▶ open ──the time is over──▶ half open ──successes──▶ closed
///                                           ▲                            │
///                                           └──failures of two keys──────┘
///
/// A key that fails again and again is poison, not an outage: it opens none.
class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { closed, open, half_open };

  /// @param policy nothing: it never opens
  explicit Breaker(std::optional<BreakerPolicy> policy) : policy_(policy) {}

  [[nodiscard]] State state() const { return state_; }
  /// How long it stays open.
  [[nodiscard]] std::chrono::milliseconds open_time() const {
    return policy_ ? policy_->open : BreakerPolicy{}.open;
  }
  /// The last events have failed, too few to tell whether it will open: what was decided on them can wait.
  [[nodiscard]] bool doubts() const;

  /// An event of this key has failed. @return whether the breaker is open
  bool fail(std::string_view key, Time now);
  /// An event was handled. @return whether that has closed the breaker
  bool succeed();
  void open();
  /// Its time is over.
  void half_open();
  /// As the operator says: all begins anew.
  void close();

 private:
  void turn(State state);

  std::optional<BreakerPolicy> policy_;
  State state_ = State::closed;
  std::map<std::string, Time, std::less<>> failed_;  ///< keys, never more than the policy's failures
  std::uint32_t failures_in_a_row_ = 0;
  std::uint32_t successes_ = 0;  ///< since it is half open
};

}  // namespace aludel
