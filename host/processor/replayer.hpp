// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "processor/command.hpp"
#include "processor/letters.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"

namespace aludel {

/// Hands chosen dead letters to the handler again, each in a transaction of its own: with the handler's
/// writes the letter is closed, or, if it failed again, its new failure noted. A restart goes on where it
/// was.
///
/// Between batches, on the processor's thread.
class Replayer {
 public:
  struct Parts {
    Instance& instance;
    Projection& projection;
    InFlightPage& page;
    HandlerLog& handler_log;
    const Clock& clock;
    std::uint64_t rebuild_below;  ///< events below were delivered before a reset
  };

  /// @param died_in the call that the process before this one died in, if it did: a letter that it was at has
  ///   failed again
  Replayer(Parts parts, std::optional<InFlightPage::Call> died_in) : parts_(parts), died_in_(died_in) {}

  /// Works off what the command has chosen, or as far as it gets before `stop` is raised. The command is
  /// finished once all has been tried, or a letter met a broken environment.
  Result<void> run(const Command& command, const Interrupt& stop);

 private:
  Result<void> replay(const StoredEvent& stored);
  Result<void> settle_success(const StoredEvent& stored);
  Result<void> settle_failure(const StoredEvent& stored, const ProcessorError& error);
  std::optional<ProcessorError> deliver(const StoredEvent& stored);
  std::optional<ProcessorError> died_at(const StoredEvent& stored);
  Result<void> settle(const StoredEvent& stored, const ProcessorError& error);
  Outcome call(Stage stage, const Event& event, std::uint32_t attempt);
  Result<void> undo(std::uint64_t event_id);
  Result<void> finish();

  Parts parts_;
  std::optional<InFlightPage::Call> died_in_;
  Command command_;
  CommandResult result_;
};

}  // namespace aludel
