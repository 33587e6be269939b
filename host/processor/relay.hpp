// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "processor/projection.hpp"
#include "processor/state_teller.hpp"

namespace aludel {

/// The way to the log for a processor that emits. Used by the processor's thread alone.
class Appender {
 public:
  virtual ~Appender() = default;
  /// Appends a producer's events as one block, or knows that the log has them. The call after one that was
  /// interrupted repeats the events and may add others behind them.
  /// @return the sequence below which the log has all of the producer's events, durably.
  ///   stopped: `interrupt` was pending, and what becomes of the events is not known yet; else as
  ///   `EventLog::append`
  virtual Result<std::uint64_t> append(const AppendRequest& request, const Interrupt& interrupt) = 0;
};

/// `Error::reason` of what the log will not take, however often it is sent.
inline constexpr const char* log_refuses = "log_refuses";

/// Brings what a processor has emitted from its outbox into the log, each event once: as a producer of its
/// own, which repeats what it does not know to be there (docs/decisions/0035-outbox-and-relay.md).
///
/// Between batches, on the processor's thread.
class Relay {
 public:
  struct Parts {
    Projection& projection;
    Appender* appender;  ///< null: nothing is relayed, the outbox waits for a run that can
    EventReader& log;
    const Clock& clock;
    StateTeller& teller;
    HandlerLog& handler_log;
  };

  /// @param processor its name, for the events' source  @param producer the projection's id as a producer
  Relay(Parts parts, const std::string& processor, std::string producer)
      : parts_(parts), source_("/processors/" + processor), producer_(std::move(producer)) {}

  /// Whether `run` may have something to do.
  [[nodiscard]] bool pending() const {
    return parts_.appender != nullptr && parts_.projection.outbox().may_hold();
  }
  /// Works until the outbox is empty, or `interrupt` is pending. An append that fails in an outage is told as
  /// `retrying` and tried again, with growing pauses; the rest of a pause that is interrupted is the next
  /// run's.
  /// @return what the log refuses for good (`log_refuses`), errors of the projection, or of a wait: there the
  ///   processor cannot go on
  Result<void> run(const Interrupt& interrupt);

 private:
  Result<void> relay(const Interrupt& interrupt);
  void note_failure(const Error& error, const OutboxChunk& chunk);
  Result<void> wait_to_retry(const Interrupt& interrupt);

  Parts parts_;
  const std::string source_;
  const std::string producer_;
  std::optional<ProcessorError> failure_;  // the last one of an outage that is going on
  std::chrono::steady_clock::time_point retry_at_;
  std::optional<ProcessorState> before_;  // the first wait of one run
};

}  // namespace aludel
