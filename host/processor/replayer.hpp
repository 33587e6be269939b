// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "log/event_log.hpp"
#include "plugin/description.hpp"
#include "plugin/instance.hpp"
#include "processor/command.hpp"
#include "processor/letter_delivery.hpp"
#include "processor/projection.hpp"
#include "processor/relay.hpp"

namespace aludel {

/// Works off an operator's replay: hands the chosen dead letters to the handler again, each in a transaction
/// of its own. With the handler's writes the letter is closed, or, if it failed again, its new failure noted.
/// A restart goes on where it was. What letters have emitted is relayed in between, after
/// limits::batch_time_max: no outbox holds more than was emitted in that time, or by one letter.
///
/// Between batches, on the processor's thread.
class Replayer {
 public:
  struct Parts {
    Projection& projection;
    Relay& relay;
    const HandlerDescription& handler;
    HandlerLog& handler_log;
    const Clock& clock;
  };

  /// @param death of the process before this one: a letter that it was at may have failed again by it, once;
  ///   then it is reset
  Replayer(Parts parts, LetterDelivery delivery, std::optional<Death>& death)
      : parts_(parts),
        delivery_(delivery),
        death_(death),
        relay_at_(parts.clock.now() + limits::batch_time_max) {}

  /// Works off what the command has chosen, or as far as it gets before `stop` is raised, or is pending while
  /// it relays. The command is finished once all has been tried, a letter met a broken environment, or what
  /// was emitted cannot be relayed.
  Result<void> run(const Command& command, const Interrupt& stop);

 private:
  Result<void> replay(const StoredEvent& stored);
  bool relay(const StoredEvent& next, const Interrupt& stop);
  Result<void> settle(const StoredEvent& stored, const ProcessorError& error, bool ends);
  Result<void> settle_failure(const StoredEvent& stored, const ProcessorError& error);
  Result<void> finish();

  Parts parts_;
  LetterDelivery delivery_;
  std::optional<Death>& death_;
  std::chrono::steady_clock::time_point relay_at_;
  Command command_;
  CommandResult result_;
};

/// Ends a replay that is under way, with what it has done so far. Letters that it did not come to stay as
/// they were.
/// @param why for whoever has ordered it
[[nodiscard]] Result<void> end_replay(Projection& projection, std::int64_t command_id, std::string why);

}  // namespace aludel
