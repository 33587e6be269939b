// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "policy/replay.hpp"
#include "processor/letter_delivery.hpp"
#include "processor/projection.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// Replays dead letters without an order of the operator's, in rounds: those that are due, up to the policy's
/// batch size, each in a transaction of its own; then none until `check_interval` is over, so that the log's
/// events have their turn, though each round, or each event, kills the process. A round goes on where the one
/// before it ended, so that letters that always fail keep no other from its turn.
///
/// On the processor's thread, between batches.
class AutomaticReplay {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Parts {
    Projection& projection;
    InFlightPage& page;
    HandlerLog& handler_log;
    const Clock& clock;
  };

  /// Borrows the policy too.
  AutomaticReplay(Parts parts, const ReplayPolicy& policy);

  /// Before anything else, once there are tables: gives the letters the times and states of this policy.
  /// @param death of the process before this one: a letter that was being replayed without an order may have
  ///   failed again by it
  Result<void> take_up(const std::optional<Death>& death);

  /// When the next round is to begin, or was to; nothing: no letter waits for one.
  [[nodiscard]] std::optional<Time> next_round();
  [[nodiscard]] bool is_due();

  /// Until all is tried that is due, too many have failed in a row, or `stop` is pending.
  /// @param handler_version of the one that they are delivered to
  /// @return a letter met a broken environment, for which the processor is to stop; the letter is as it was
  Result<std::optional<Standstill>> round(LetterDelivery delivery, const std::string& handler_version,
                                          const Interrupt& stop);

 private:
  Result<std::optional<StoredEvent>> next_due(bool& looked);
  Result<void> settle_death(const Death& death);
  void end_round();
  Result<void> queue_behind(std::int64_t letter);
  Result<std::optional<ProcessorError>> replay(const StoredEvent& stored, LetterDelivery& delivery);
  Result<void> settle(const StoredEvent& stored, const ProcessorError& error,
                      const std::string& handler_version);
  Result<void> in_transaction(const std::function<Result<void>()>& write);

  Parts parts_;
  const ReplayPolicy& policy_;
  std::optional<Time> last_round_;  ///< its end, be it another process's
  std::deque<std::int64_t> queue_;  ///< letters that were due when it was filled
};

}  // namespace aludel
