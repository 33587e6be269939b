// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// What becomes of a failed event: pure decisions, no I/O, no clock.
namespace aludel {

/// What kind of failure it was.
enum class FailureKind {
  retry,  ///< transient, says the handler
  fail,   ///< permanent for this event
  fatal,  ///< the environment is broken, not the event
};

struct Failure {
  FailureKind kind = FailureKind::fail;
  std::uint32_t attempt = 1;  ///< the one that failed, from 1
};

/// What the operator configured for failed events.
enum class Strategy {
  fail_fast,  ///< stop before the event
};

/// What is to be done with the event.
struct Action {
  enum class Kind {
    stop,  ///< the processor stops before the event; the next start tries it again
  };
  Kind kind = Kind::stop;
};

[[nodiscard]] Action decide(const Failure& failure, Strategy strategy);

}  // namespace aludel
