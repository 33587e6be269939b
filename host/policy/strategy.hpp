// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "policy/backoff.hpp"

/// What becomes of a failed event: pure decisions, no I/O, no clock, no randomness of their own.
namespace aludel {

/// What kind of failure it was.
enum class FailureKind {
  retry,  ///< transient, says the handler
  fail,   ///< permanent for this event
  fatal,  ///< the environment is broken, not the event
};

struct Failure {
  FailureKind kind = FailureKind::fail;
  std::uint32_t attempt = 1;                 ///< the one that failed, from 1
  std::chrono::milliseconds retry_after{0};  ///< the least delay that the handler asked for
};

/// What the operator configured for failed events.
enum class Strategy {
  fail_fast,     ///< stop before the event
  log_and_skip,  ///< log it, move past
  dead_letter,   ///< keep it as a dead letter, move past
  retry,         ///< try a transient failure again; what is permanent or exhausted goes to `then`
  custom,        ///< the handler's `on_error` decides, within the limits of `retry`
};

/// What becomes of an event that is not tried again.
enum class Then { dead_letter, stop, skip };

struct RetryPolicy {
  std::uint32_t max_retries = 5;  ///< attempts behind the first
  Backoff backoff;
  Then then = Then::dead_letter;

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// What is to be done with the event.
struct Action {
  enum class Kind {
    stop,         ///< the processor stops before the event; the next start tries it again
    skip,         ///< move past
    dead_letter,  ///< move past, with a dead letter
    retry,        ///< try it again after `delay`
    ask,          ///< the handler's `on_error` is to say; `bounded` makes an action of its answer
  };
  Kind kind = Kind::stop;
  std::chrono::milliseconds delay{0};

  friend bool operator==(const Action&, const Action&) = default;
};

/// What a handler's `on_error` may answer (ALUDEL_DECIDE_*).
struct Decision {
  enum class Kind : std::uint32_t { by_default = 0, stop = 1, skip = 2, retry = 3, dead_letter = 4 };
  Kind kind = Kind::by_default;
  std::chrono::milliseconds delay{0};  ///< of a retry; 0: as the backoff has it
};

/// @param random in [0, 1), for the backoff's jitter
[[nodiscard]] Action decide(const Failure& failure, Strategy strategy, const RetryPolicy& retry,
                            double random);

/// What `on_error` decided, within the operator's limits: past `max_retries` a retry becomes `then`, a delay
/// is at most the backoff's longest. The default is what the strategy `retry` does.
[[nodiscard]] Action bounded(const Decision& decision, const Failure& failure, const RetryPolicy& retry,
                             double random);

/// As they are written in the config.
[[nodiscard]] std::string_view to_string(Strategy strategy);
[[nodiscard]] std::string_view to_string(Then then);
[[nodiscard]] std::string_view to_string(Action::Kind kind);

}  // namespace aludel
