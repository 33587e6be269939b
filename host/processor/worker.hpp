// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "policy/breaker.hpp"
#include "policy/error_policy.hpp"
#include "processor/automatic_replay.hpp"
#include "processor/batch.hpp"
#include "processor/feed.hpp"
#include "processor/projection.hpp"
#include "processor/relay.hpp"
#include "processor/state_teller.hpp"

namespace aludel {

/// The loop: takes events from the feed, forms batches, settles faults, waits at the tip and between
/// attempts.
///
/// What a batch has emitted is in the log before the next one begins. A batch ends at `batch_size` events, at
/// the tip, after limits::batch_time_max, or on `stop`. The transaction begins with the first event
/// delivered. Faults are settled without savepoints (docs/decisions/0030-undo-by-redelivery.md):
///
///   - A failed event that left nothing in the transaction is taken back, and the batch goes on behind it, or
///     ends in front of it.
///   - Otherwise the batch is undone; those before the event are delivered again, and commit with what is
///     decided on it.
///   - If it is not known which event is at fault, each event of the batch follows in a batch of its own.
///   - A fault of the environment stops the processor where it committed last. So does an event whose bytes
///   the
///     log could not give while the handler read them, whatever became of it.
///   - An event that the process before this one died at has failed by that: it is decided on where it comes,
///     without its handler. Of a batch that was at stake as a whole, each event follows in a batch of its
///     own.
///
/// What becomes of a failed event the error policy says, once: an event that is skipped or dead-lettered is
/// not delivered again when its batch is. But before that the breaker is asked: while it is open nothing is
/// tried, and what was decided and not committed when it opened is to be found out anew.
class Worker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Parts {
    EventReader& log;
    Feed& feed;
    Batch& batch;
    Projection& projection;
    Relay& relay;
    const Clock& clock;
    StateTeller& teller;
    HandlerLog& handler_log;
    AutomaticReplay& replays;
    Breaker& breaker;
  };

  struct Settings {
    std::uint64_t batch_size;  ///< at least 1
    const ErrorPolicy& policy;
    std::uint64_t rebuild_below;        ///< events below were delivered before a reset
    std::optional<Time> retry_at;       ///< of the worker before this one
    const std::optional<Death>& death;  ///< of a process before this one
    bool replay_waits;                  ///< for an event that a process died at: then it is left for
  };

  /// Borrows everything. @param parts the batch is at the cursor
  Worker(Parts parts, const Settings& settings);

  /// Works until `stop` is pending, a replay of letters is due or waits, or something makes it stand still;
  /// that is durable then where the disk allows it.
  /// @param earlier why the processor stood still before: a wait between two attempts goes on
  std::optional<Standstill> run(const std::optional<ProcessorError>& earlier, const Interrupt& stop);
  /// When the wait between two attempts, in which it has left, is over; nothing: it waits for none.
  [[nodiscard]] const std::optional<Time>& retry_at() const { return retry_at_; }

 private:
  /// A failed event that is moved past, until that has been committed.
  struct Passed {
    Action::Kind how;
    ProcessorError error;
  };

  void step(const Interrupt& stop);
  void relay(const Interrupt& stop);
  void on_event(const Event& event);
  [[nodiscard]] std::uint32_t flags(std::uint64_t event_id) const;
  void end_batch_if_full(const Event& event);
  void at_tip(const Interrupt& stop);
  [[nodiscard]] Time end_of_wait(const ProcessorError& earlier) const;
  void wait_to_retry(const Interrupt& stop);
  [[nodiscard]] std::optional<Time> leaves_at();
  void finish(const Position& at, const std::optional<Standstill>& standstill = std::nullopt);
  void on_log_error(const Error& error);
  [[nodiscard]] Standstill unreadable(const Position& at, const Error& error) const;
  void keep_time();

  [[nodiscard]] std::optional<Fault> unread() const;
  void settle(Fault fault);
  void decide_on(const Fault& fault);
  void decide_at_end(const Fault& fault);
  void decide_on_death(const Fault& fault);
  [[nodiscard]] Action action_for(const Fault& fault);
  void wait_with(const Fault& fault, std::chrono::milliseconds delay, Activity wait);
  void trip(const Fault& fault);
  void pass(const Event& event, const Passed& passed);
  void tell_passed();
  void note_success();
  void end_open_time();
  [[nodiscard]] bool is_held() const;
  void rewind();
  void stand_still(Standstill standstill);
  void log(LogLevel level, const std::string& line);

  Parts parts_;
  const Settings settings_;
  std::minstd_rand random_;  ///< for the jitter of delays

  Event event_;  ///< the one that the feed gave last
  std::optional<Standstill> ended_;
  std::optional<Time> retry_at_;
  bool leaves_ = false;  ///< for letters that are due

  // What the batches behind an undone one have to heed.
  std::uint64_t redelivered_below_ = 0;  ///< events below were delivered before
  std::uint64_t singly_below_ = 0;       ///< events below commit one by one
  std::optional<Fault> failed_;          ///< decided on when all before its event have been delivered again
  std::map<std::uint64_t, Passed> passed_;  ///< by event, not committed yet

  // The clock is looked at once in `stride_` steps.
  std::uint32_t stride_ = 1;
  std::uint32_t steps_left_ = 1;
  Time looked_at_{};
  Time begun_at_{};  ///< the batch
  Time saved_at_{};  ///< the cursor
};

}  // namespace aludel
