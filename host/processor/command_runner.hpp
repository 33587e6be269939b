// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "processor/command.hpp"
#include "processor/projection.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// Applies an operator's commands, each in a transaction of its own together with the note that it was.
///
/// At an event boundary, outside of any transaction; on the processor's thread.
class CommandRunner {
 public:
  struct Parts {
    Projection& projection;
    CommandQueue& queue;
    EventReader& log;
    HandlerLog& handler_log;
    const Clock& clock;
    /// ALUDEL_HANDLER_*; nothing: the handler could not be made.
    std::optional<std::uint32_t> handler_flags;
    const std::optional<Standstill>& verdict;  ///< what it stands still for beside what the projection says
  };

  /// What the commands ask of the processor.
  struct Outcome {
    bool goes_on = false;       ///< whatever it stood still for is to be tried again
    bool begins_anew = false;   ///< attempts count from 1 again: deaths are forgotten
    bool needs_reset = false;   ///< a reset comes next, for which there must be no instance
    bool needs_replay = false;  ///< letters are chosen, which the handler is to be given
  };

  explicit CommandRunner(Parts parts) : parts_(parts) {}

  /// Applies what was posted, in order, up to a replay, which has to be worked off first; only a pause and a
  /// resume right behind it do not wait for that.
  /// @param has_instance a handler is up: then a reset is not applied but told
  Result<Outcome> apply(bool has_instance);

 private:
  /// Where the log begins, and how many events from the processor's start on it has dropped.
  struct Beginning {
    std::uint64_t first;
    std::uint64_t missing;
  };

  Result<bool> end_replay_for_reset(std::int64_t replay_id);
  Result<void> apply_one(const Command& command, Outcome& outcome);
  Result<CommandResult> carry_out(const Command& command, Outcome& outcome);
  Result<CommandResult> pause();
  Result<CommandResult> resume(Outcome& outcome);
  Result<CommandResult> skip(Outcome& outcome);
  Result<CommandResult> skip_dropped(Outcome& outcome);
  Result<CommandResult> reset(Outcome& outcome);
  Result<Beginning> begin_anew(const Cursor& cursor, bool diverged);
  Result<std::optional<Standstill>> expiry();
  Result<std::string> why_not_open(const Command& command);
  Result<CommandResult> discard(const Command& command);
  Result<CommandResult> choose(const Command& command, Outcome& outcome);
  Result<std::optional<Standstill>> strangeness(const Position& position);
  Result<void> drop_tables_of_handler();

  Parts parts_;
};

}  // namespace aludel
