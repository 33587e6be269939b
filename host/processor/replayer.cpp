// SPDX-License-Identifier: MIT
#include "processor/replayer.hpp"

#include <aludel/plugin.h>
#include <string>
#include <utility>

#include "processor/standstill.hpp"

namespace aludel {

Result<void> Replayer::run(const Command& command, const Interrupt& stop) {
  command_ = command;
  const auto so_far = parts_.projection.tables().command_result(command.id);
  if (!so_far) return so_far.error();
  result_ = so_far->value_or(CommandResult{});
  if (command.dry_run && !rehearses(parts_.instance.description().flags)) {
    result_.refused = true;
    result_.message = "this handler has effects outside of its projection, which a dry run could not undo";
    return finish();
  }
  std::int64_t last = 0;
  while (!stop.raised() && result_.message.empty()) {
    const auto stored = parts_.projection.letters().next_chosen(last);
    if (!stored) return stored.error();
    if (!*stored) return finish();
    last = (*stored)->letter;
    if (auto replayed = replay(**stored); !replayed) return replayed;
  }
  return result_.message.empty() ? Result<void>() : finish();
}

Result<void> Replayer::replay(const StoredEvent& stored) {
  if (const auto error = died_at(stored)) return settle(stored, *error);
  if (auto begun = parts_.projection.begin(); !begun) return begun;
  const auto error = deliver(stored);
  if (!error) {
    ++result_.succeeded;
    return command_.dry_run ? undo(stored.event_id) : settle_success(stored);
  }
  if (auto undone = undo(stored.event_id); !undone) return undone;
  return settle(stored, *error);
}

// It failed again.
Result<void> Replayer::settle(const StoredEvent& stored, const ProcessorError& error) {
  ++result_.failed;
  if (parts_.handler_log.enabled(LogLevel::warning)) {
    parts_.handler_log.write(LogLevel::warning, "dead letter " + std::to_string(stored.letter) +
                                                    " failed again: " + describe(error));
  }
  // A dry run keeps no account of where it was, so that it would come to a crash again and again.
  const bool ends =
      error.outcome == to_string(Outcome::fatal) || (command_.dry_run && error.code == "crashed");
  if (ends) result_.message = "stopped at letter " + std::to_string(stored.letter) + ": " + describe(error);
  return ends || command_.dry_run ? Result<void>() : settle_failure(stored, error);
}

std::optional<ProcessorError> Replayer::died_at(const StoredEvent& stored) {
  const auto died_in = std::exchange(died_in_, std::nullopt);
  const bool here =
      died_in && died_in->event_id == stored.event_id && died_in->attempt == stored.attempts + 1;
  if (!here) return std::nullopt;
  const auto stage = std::string(to_string(static_cast<Stage>(died_in->stage)));
  return ProcessorError{stored.event_id,
                        parts_.clock.wall_ns(),
                        died_in->attempt,
                        std::string(to_string(Outcome::fail)),
                        stage,
                        "crashed",
                        "its process died in " + stage};
}

std::optional<ProcessorError> Replayer::deliver(const StoredEvent& stored) {
  const auto event = stored.event();
  const auto attempt = stored.attempts + 1;
  parts_.projection.clock().set(event.time_ns);
  auto stage = Stage::validate;
  auto outcome = call(stage, event, attempt);
  if (outcome == Outcome::handled) outcome = call(stage = Stage::handle, event, attempt);
  // What a skipped event wrote stays too, also what it gathered.
  if (outcome == Outcome::handled || outcome == Outcome::skip) {
    outcome = call(stage = Stage::flush, event, attempt);
  }
  if (outcome == Outcome::handled) return std::nullopt;
  auto error = handler_error(stage, outcome, parts_.instance.error(), parts_.clock.wall_ns());
  error.event_id = stored.event_id;
  error.attempt = attempt;
  return error;
}

Outcome Replayer::call(Stage stage, const Event& event, std::uint32_t attempt) {
  const std::uint32_t flags = ALUDEL_CALL_REPLAY | (command_.dry_run ? ALUDEL_CALL_DRY_RUN : 0) |
                              (event.id < parts_.rebuild_below ? ALUDEL_CALL_REBUILD : 0);
  parts_.page.enter(static_cast<std::uint32_t>(stage), event.id, attempt);
  auto outcome = Outcome::handled;
  switch (stage) {
    case Stage::validate: outcome = parts_.instance.validate(event, flags, attempt); break;
    case Stage::handle: outcome = parts_.instance.handle(event, flags, attempt); break;
    default: outcome = parts_.instance.flush(); break;
  }
  parts_.page.leave();
  return outcome;
}

Result<void> Replayer::settle_success(const StoredEvent& stored) {
  auto& projection = parts_.projection;
  if (auto closed = projection.letters().close_replayed(stored.letter); !closed) return closed;
  if (auto counted = projection.tables().count_replayed(); !counted) return counted;
  if (auto noted = projection.tables().note_command(command_.id, result_); !noted) return noted;
  return projection.commit();
}

Result<void> Replayer::settle_failure(const StoredEvent& stored, const ProcessorError& error) {
  auto& projection = parts_.projection;
  if (auto begun = projection.begin(); !begun) return begun;
  const auto& version = parts_.instance.description().version;
  if (auto noted = projection.letters().note_failed_replay(stored.letter, error, version); !noted)
    return noted;
  if (auto noted = projection.tables().note_command(command_.id, result_); !noted) return noted;
  return projection.commit();
}

Result<void> Replayer::undo(std::uint64_t event_id) {
  if (auto undone = parts_.projection.rollback(); !undone) return undone;
  parts_.page.enter(static_cast<std::uint32_t>(Stage::rolled_back), event_id, 0);
  parts_.instance.rolled_back(event_id);
  parts_.page.leave();
  return {};
}

Result<void> Replayer::finish() {
  auto& projection = parts_.projection;
  result_.finished = true;
  if (auto begun = projection.begin_durable(); !begun) return begun;
  if (auto released = projection.letters().release_chosen(); !released) return released;
  if (auto noted = projection.tables().note_command(command_.id, result_); !noted) return noted;
  return projection.commit_durable();
}

}  // namespace aludel
