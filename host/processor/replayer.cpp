// SPDX-License-Identifier: MIT
#include "processor/replayer.hpp"

#include <string>
#include <utility>

#include "processor/standstill.hpp"

namespace aludel {

namespace {

Result<void> note_end(Projection& projection, std::int64_t command_id, const CommandResult& result) {
  if (auto begun = projection.begin_durable(); !begun) return begun;
  if (auto released = projection.letters().release_chosen(); !released) return released;
  if (auto noted = projection.tables().note_command(command_id, result); !noted) return noted;
  return projection.commit_durable();
}

}  // namespace

Result<void> Replayer::run(const Command& command, const Interrupt& stop) {
  command_ = command;
  const auto so_far = parts_.projection.tables().command_result(command.id);
  if (!so_far) return so_far.error();
  result_ = so_far->value_or(CommandResult{});
  if (command.dry_run && !rehearses(parts_.handler.flags)) {
    result_.refused = true;
    result_.message = "this handler has effects outside of its projection, which a dry run could not undo";
    return finish();
  }
  std::int64_t last = 0;
  while (!stop.raised() && result_.message.empty()) {
    const auto stored = parts_.projection.letters().next_chosen(last);
    if (!stored) return stored.error();
    if (!*stored) return finish();
    if (!relay(**stored, stop)) break;
    last = (*stored)->letter;
    if (auto replayed = replay(**stored); !replayed) return replayed;
  }
  return result_.message.empty() ? Result<void>() : finish();
}

// @return false: it is interrupted, or cannot go on; then the result says why, and counts the letter that
// comes next as failed
bool Replayer::relay(const StoredEvent& next, const Interrupt& stop) {
  if (command_.dry_run || !parts_.relay.pending() || parts_.clock.now() < relay_at_) return true;
  const auto relayed = parts_.relay.run(stop);
  if (!relayed) {
    ++result_.failed;
    result_.message = "stopped before letter " + std::to_string(next.letter) + ": " + relayed.error().message;
    return false;
  }
  relay_at_ = parts_.clock.now() + limits::batch_time_max;
  return !parts_.relay.pending();
}

Result<void> Replayer::replay(const StoredEvent& stored) {
  if (death_ && was_in_replay_of(stored, *death_)) {
    const auto death = *std::exchange(death_, std::nullopt);
    // A dry run keeps no account of where it was, so that it would come to a crash again and again.
    if (death.counts()) return settle(stored, failure_by(death, parts_.clock.wall_ns()), command_.dry_run);
  }
  auto with_it = result_;
  ++with_it.succeeded;
  const auto error = delivery_.run(stored, command_.dry_run, [&]() -> Result<void> {
    if (auto closed = parts_.projection.letters().close_replayed(stored.letter); !closed) return closed;
    if (auto counted = parts_.projection.tables().count_replayed(); !counted) return counted;
    return parts_.projection.tables().note_command(command_.id, with_it);
  });
  if (!error) return error.error();
  if (*error) return settle(stored, **error, (*error)->outcome == to_string(Outcome::fatal));
  result_ = with_it;
  return {};
}

// It failed again. @param ends the replay ends with that
Result<void> Replayer::settle(const StoredEvent& stored, const ProcessorError& error, bool ends) {
  ++result_.failed;
  if (parts_.handler_log.enabled(LogLevel::warning)) {
    parts_.handler_log.write(LogLevel::warning, "dead letter " + std::to_string(stored.letter) +
                                                    " failed again: " + describe(error));
  }
  if (ends) result_.message = "stopped at letter " + std::to_string(stored.letter) + ": " + describe(error);
  return ends || command_.dry_run ? Result<void>() : settle_failure(stored, error);
}

Result<void> Replayer::settle_failure(const StoredEvent& stored, const ProcessorError& error) {
  auto& projection = parts_.projection;
  if (auto begun = projection.begin(); !begun) return begun;
  if (auto noted =
          projection.letters().note_failed_replay(stored, Letters::By::order, error, parts_.handler.version);
      !noted)
    return noted;
  if (auto noted = projection.tables().note_command(command_.id, result_); !noted) return noted;
  return projection.commit();
}

Result<void> Replayer::finish() {
  result_.finished = true;
  return note_end(parts_.projection, command_.id, result_);
}

Result<void> end_replay(Projection& projection, std::int64_t command_id, std::string why) {
  const auto so_far = projection.tables().command_result(command_id);
  if (!so_far) return so_far.error();
  auto result = so_far->value_or(CommandResult{});
  result.finished = true;
  result.message = std::move(why);
  return note_end(projection, command_id, result);
}

}  // namespace aludel
