// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "policy/strategy.hpp"
#include "processor/batch.hpp"
#include "processor/feed.hpp"
#include "processor/projection.hpp"
#include "processor/state_teller.hpp"

namespace aludel {

/// The loop: takes events from the feed, forms batches, settles faults, waits at the tip.
///
/// A batch ends at `batch_size` events delivered, at the tip, after limits::batch_time_max, or on `stop`. The
/// transaction begins with the first event delivered. Faults are settled without savepoints
/// (docs/decisions/0030-undo-by-redelivery.md):
///
///   - A failed event that left nothing in the transaction is taken back, and the batch ends in front of it.
///   - Otherwise the batch is undone and those before the event are delivered again.
///   - If it is not known which event is at fault, each event of the batch follows in a batch of its own.
///   - A fault of the environment stops the processor where it committed last.
class Worker {
 public:
  /// Borrows everything. @param batch at the cursor  @param batch_size at least 1
  Worker(EventReader& log, Feed& feed, Batch& batch, Projection& projection, const Clock& clock,
         StateTeller& teller, std::uint64_t batch_size, Strategy strategy);

  /// Works until `stop` is raised, or something makes it stand still; that is durable then where the disk
  /// allows it.
  std::optional<Standstill> run(const Interrupt& stop);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void step(const Interrupt& stop);
  void on_event(const Event& event);
  void at_tip(const Interrupt& stop);
  void finish(const Position& at, const std::optional<Standstill>& standstill = std::nullopt);
  void on_log_error(const Error& error);
  void keep_time();

  void settle(Fault fault);
  void decide_on(const Fault& fault);
  void rewind();
  void stand_still(Standstill standstill);

  EventReader& log_;
  Feed& feed_;
  Batch& batch_;
  Projection& projection_;
  const Clock& clock_;
  StateTeller& teller_;
  const std::uint64_t batch_size_;
  const Strategy strategy_;

  Event event_;  ///< the one that the feed gave last
  std::optional<Standstill> ended_;

  // What the batches behind an undone one have to heed.
  std::uint64_t redelivered_below_ = 0;  ///< events below were delivered before
  std::uint64_t singly_below_ = 0;       ///< events below commit one by one
  std::optional<Fault> failed_;          ///< decided on when all before its event have been delivered again

  // The clock is looked at once in `stride_` steps.
  std::uint32_t stride_ = 1;
  std::uint32_t steps_left_ = 1;
  Time looked_at_{};
  Time begun_at_{};  ///< the batch
  Time saved_at_{};  ///< the cursor
};

}  // namespace aludel
