// SPDX-License-Identifier: MIT
#include "processor/command_runner.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/os/lock.hpp"
#include "processor/ownership.hpp"
#include "processor/relay.hpp"
#include "processor/replayer.hpp"
#include "processor/start_position.hpp"

namespace aludel {

namespace {

// What becomes of letters is another if a discard goes before a replay; whether the processor works is not.
bool overtakes_replay(Command::Kind kind) {
  return kind == Command::Kind::pause || kind == Command::Kind::resume;
}

CommandResult done(std::string message = {}, std::uint64_t letters = 0) {
  CommandResult result;
  result.finished = true;
  result.succeeded = letters;
  result.message = std::move(message);
  return result;
}

CommandResult refused(std::string message) {
  auto result = done(std::move(message));
  result.refused = true;
  return result;
}

// @param missing events before `first`, with which it begins as the log has dropped them
std::string lost_by_reset(std::uint64_t letters, std::uint64_t emitted, std::uint64_t missing,
                          std::uint64_t first) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (letters == 1) add("1 dead letter was discarded");
  if (letters > 1) add(std::to_string(letters) + " dead letters were discarded");
  if (emitted > 0) add("emitted events that were not relayed and are dropped: " + std::to_string(emitted));
  if (missing > 0) {
    add("it begins with event " + std::to_string(first) + ": the log has dropped " +
        events_between(first - missing, first));
  }
  return text;
}

std::string in_quotes(std::string_view name) {
  std::string out = "\"";
  for (const char c : name)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

Result<CommandRunner::Outcome> CommandRunner::apply(bool has_instance) {
  Outcome outcome;
  for (;;) {
    const auto control = parts_.projection.tables().control();
    if (!control) return control.error();
    if (control->unfinished != 0) {
      const auto ended = end_replay_for_reset(control->unfinished);
      if (!ended) return ended.error();
      outcome.needs_replay = !*ended;
    }
    const auto command = parts_.queue.next(control->applied);
    if (!command) return command.error();
    if (!*command || (outcome.needs_replay && !overtakes_replay((*command)->kind))) return outcome;
    outcome.needs_reset = (*command)->kind == Command::Kind::reset && has_instance;
    if (outcome.needs_reset) return outcome;
    if (auto applied = apply_one(**command, outcome); !applied) return applied.error();
  }
}

// A replay that cannot go on, since its handler does not come up, must not keep a reset from being applied.
Result<bool> CommandRunner::end_replay_for_reset(std::int64_t replay_id) {
  for (auto id = replay_id;;) {
    const auto command = parts_.queue.next(id);
    if (!command) return command.error();
    if (!*command) return false;
    if ((*command)->kind == Command::Kind::reset) break;
    id = (*command)->id;
  }
  auto ended = end_replay(parts_.projection, replay_id, "ended by a reset");
  if (!ended) return ended.error();
  return true;
}

// What an operator was answered has to hold: durable before it can be read.
Result<void> CommandRunner::apply_one(const Command& command, Outcome& outcome) {
  auto& projection = parts_.projection;
  CommandResult answer;
  std::optional<os::FileLock> undropped;  // what the log has when the reset looks
  if (command.kind == Command::Kind::reset) {
    auto lock = os::FileLock::wait(reset_lock(projection.directory()));
    if (!lock) return lock.error();
    undropped = std::move(*lock);
  }
  // Tables are dropped in any order.
  if (auto set = projection.database().execute("pragma foreign_keys = off"); !set) return set;
  auto applied = [&]() -> Result<void> {
    if (auto begun = projection.begin_durable(); !begun) return begun;
    const auto result = carry_out(command, outcome);
    if (!result) return result.error();
    answer = *result;
    if (auto noted = projection.tables().note_command(command.id, answer); !noted) return noted;
    return projection.commit_durable();
  }();
  if (!applied) {
    if (auto undone = projection.rollback(); !undone) return undone;
  }
  if (auto set = projection.database().execute("pragma foreign_keys = on"); !set) return set;
  if (applied && parts_.handler_log.enabled(LogLevel::info)) {
    const auto what = std::to_string(command.id) + ": " + std::string(to_string(command.kind));
    parts_.handler_log.write(LogLevel::info, (answer.refused ? "refused" : "applied") +
                                                 (" the operator's command " + what) +
                                                 (answer.message.empty() ? "" : ": " + answer.message));
  }
  return applied;
}

Result<CommandResult> CommandRunner::carry_out(const Command& command, Outcome& outcome) {
  switch (command.kind) {
    case Command::Kind::pause: return pause();
    case Command::Kind::resume: return resume(outcome);
    case Command::Kind::skip: return skip(outcome);
    case Command::Kind::reset: return reset(outcome);
    case Command::Kind::discard: return discard(command);
    case Command::Kind::replay: return choose(command, outcome);
  }
  return refused("there is no such command");
}

Result<CommandResult> CommandRunner::pause() {
  const auto control = parts_.projection.tables().control();
  if (!control) return control.error();
  if (control->paused_ns) return done("it was paused already");
  if (auto set = parts_.projection.tables().set_paused(parts_.clock.wall_ns()); !set) return set.error();
  return done();
}

Result<CommandResult> CommandRunner::resume(Outcome& outcome) {
  outcome.goes_on = true;  // also if it only waits to relay what it has emitted
  auto& tables = parts_.projection.tables();
  const auto control = tables.control();
  if (!control) return control.error();
  const auto standstill = tables.standstill();
  if (!standstill) return standstill.error();
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  const auto strange = strangeness(cursor->position);
  if (!strange) return strange.error();
  // Trying again would not help.
  if (*strange && (*strange)->activity == Activity::diverged) return refused((*strange)->error.message);
  const auto gone = expiry();
  if (!gone) return gone.error();
  if (*gone) return refused((*gone)->error.message);
  if (!control->paused_ns && !*standstill && !parts_.verdict) return done("it was not paused or stopped");
  if (auto set = tables.set_paused(std::nullopt); !set) return set.error();
  if (auto cleared = tables.clear_standstill(); !cleared) return cleared.error();
  outcome.begins_anew = true;
  return done();
}

Result<CommandResult> CommandRunner::skip(Outcome& outcome) {
  const auto gone = expiry();
  if (!gone) return gone.error();
  if (*gone) return skip_dropped(outcome);
  auto& tables = parts_.projection.tables();
  if (parts_.verdict && parts_.verdict->activity == Activity::crashed) {
    return refused(
        "it crashed at no event that a skip could pass: a new version of the handler or another `timeout` "
        "helps");
  }
  const auto standstill = tables.standstill();
  if (!standstill) return standstill.error();
  // What it has stopped for since an event failed is no reason to give that event up.
  const bool elsewhere =
      parts_.verdict && parts_.verdict->activity == Activity::stopped && !parts_.verdict->error.event_id;
  if (elsewhere || !*standstill || !(*standstill)->error.event_id) {
    return refused("it stands at no event: only one that has failed can be skipped");
  }
  const auto event_id = *(*standstill)->error.event_id;
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  const auto strange = strangeness(cursor->position);
  if (!strange) return strange.error();
  // In another log that is another event.
  if (*strange) return refused((*strange)->error.message);
  const auto fingerprint = parts_.log.block_fingerprint(event_id);
  if (!fingerprint) return fingerprint.error();
  auto behind = *cursor;
  behind.position = {event_id + 1, *fingerprint};
  ++behind.skipped;
  if (auto moved = tables.move_cursor(cursor->position, behind); !moved) return moved.error();
  if (auto cleared = tables.clear_standstill(); !cleared) return cleared.error();
  outcome.goes_on = outcome.begins_anew = true;
  return done("event " + std::to_string(event_id));
}

// To where the log begins now. Which of the events it had subscribed to nobody knows any more.
Result<CommandResult> CommandRunner::skip_dropped(Outcome& outcome) {
  auto& tables = parts_.projection.tables();
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  const auto first = resolve({StartAt::Kind::first}, parts_.log);
  if (!first) return first.error();
  const auto next = cursor->position.next;
  auto behind = *cursor;
  behind.position = *first;
  if (auto moved = tables.move_cursor(cursor->position, behind); !moved) return moved.error();
  if (auto counted = tables.count_expired(first->next - next); !counted) return counted.error();
  if (auto cleared = tables.clear_standstill(); !cleared) return cleared.error();
  outcome.goes_on = outcome.begins_anew = true;
  return done(events_between(next, first->next) + ", which the log had dropped");
}

Result<CommandResult> CommandRunner::reset(Outcome& outcome) {
  if (!parts_.handler_flags) {
    return refused(
        "its handler cannot be made, so it is not known whether a rebuild would have effects again: mend the "
        "plugin first");
  }
  if (!rehearses(*parts_.handler_flags)) {
    return refused("this handler has effects outside of its projection, which a rebuild would have again");
  }
  auto& projection = parts_.projection;
  const auto cursor = projection.tables().cursor();
  if (!cursor) return cursor.error();
  const auto standstill = projection.tables().standstill();
  if (!standstill) return standstill.error();
  const auto strange = strangeness(cursor->position);
  if (!strange) return strange.error();
  if (*strange && (*strange)->activity != Activity::diverged) return refused((*strange)->error.message);
  const bool diverged = strange->has_value();
  if (auto dropped = drop_tables_of_handler(); !dropped) return dropped.error();
  const auto discarded = projection.letters().discard({}, "reset");
  if (!discarded) return discarded.error();
  const auto begun = begin_anew(*cursor, diverged);
  if (!begun) return begun.error();
  outcome.goes_on = outcome.begins_anew = true;
  std::uint64_t dropped = 0;
  const auto log_refused = [](const std::optional<Standstill>& reason) {
    return reason && reason->error.code == log_refuses;
  };
  if (diverged || log_refused(*standstill) || log_refused(parts_.verdict)) {
    // As another producer: the log need not agree with what it was as the one before.
    const auto emptied = projection.outbox().begin_anew(Uuid::random());
    if (!emptied) return emptied.error();
    dropped = *emptied;
  }
  return done(lost_by_reset(*discarded, dropped, begun->missing, begun->first), *discarded);
}

// Why it does not go on by itself, if the events behind its cursor were dropped.
Result<std::optional<Standstill>> CommandRunner::expiry() {
  const auto cursor = parts_.projection.tables().cursor();
  if (!cursor) return cursor.error();
  const auto strange = strangeness(cursor->position);
  if (!strange) return strange.error();
  if (*strange) return std::optional<Standstill>();
  return check_expiry(cursor->position, parts_.log, parts_.clock.wall_ns());
}

// What it has seen of another log, or of another history of this one, says nothing about this one; and its
// start may be no place in this one, or one that was dropped.
Result<CommandRunner::Beginning> CommandRunner::begin_anew(const Cursor& cursor, bool diverged) {
  auto& tables = parts_.projection.tables();
  const auto control = tables.control();
  if (!control) return control.error();
  const auto start = tables.start();
  if (!start) return start.error();
  const auto lost = diverged ? strangeness(*start) : Result<std::optional<Standstill>>(std::nullopt);
  if (!lost) return lost.error();
  const auto first = resolve({StartAt::Kind::first}, parts_.log);
  if (!first) return first.error();
  const auto at = *lost ? Position{} : *start;
  const auto missing = first->next - std::min(first->next, at.next);
  const auto below = diverged ? 0 : std::max(control->rebuild_below, cursor.position.next);
  auto begun = tables.begin_anew(missing > 0 ? *first : at, missing, below, parts_.log.log_id());
  if (!begun) return begun.error();
  return Beginning{first->next, missing};
}

// Whether the log has another history up to there, or is another one.
Result<std::optional<Standstill>> CommandRunner::strangeness(const Position& position) {
  const auto identity = parts_.projection.tables().identity();
  if (!identity) return identity.error();
  return check_ownership(*identity, position, identity->handler_id, parts_.log, parts_.clock.wall_ns());
}

// A virtual table takes its shadow tables along.
Result<void> CommandRunner::drop_tables_of_handler() {
  auto& database = parts_.projection.database();
  constexpr const char* drops[] = {
      "select 'trigger', name from sqlite_schema where type = 'trigger'",
      "select 'view', name from sqlite_schema where type = 'view'",
      "select 'table', name from sqlite_schema where type = 'table' and sql like 'create virtual%'",
      "select 'table', name from sqlite_schema where type = 'table'",
  };
  for (const auto* find : drops) {
    std::vector<std::string> statements;
    {
      auto select = database.prepare(
          std::string(find) +
          " and name not like '\\_aludel\\_%' escape '\\' and name not like 'sqlite\\_%' escape '\\'");
      if (!select) return select.error();
      for (;;) {
        const auto found = select->step();
        if (!found) return found.error();
        if (!*found) break;
        statements.push_back("drop " + std::string(select->text(0)) + " if exists " +
                             in_quotes(select->text(1)));
      }
    }
    for (const auto& statement : statements) {
      if (auto dropped = database.execute(statement.c_str()); !dropped) return dropped;
    }
  }
  return {};
}

// Of the letters that are named, the first that is not open; empty: all are.
Result<std::string> CommandRunner::why_not_open(const Command& command) {
  for (const auto id : command.letters.ids) {
    const auto state = parts_.projection.letters().state_of(id);
    if (!state) return state.error();
    const auto letter = "dead letter " + std::to_string(id);
    if (!*state) return "there is no " + letter + "; `dlq list` shows those that there are";
    if (**state == to_string(LetterState::replayed) || **state == to_string(LetterState::discarded)) {
      return letter + " is closed: it was " + **state;
    }
  }
  return std::string();
}

Result<CommandResult> CommandRunner::discard(const Command& command) {
  const auto why = why_not_open(command);
  if (!why) return why.error();
  if (!why->empty()) return refused(*why);
  const auto discarded = parts_.projection.letters().discard(command.letters, "operator");
  if (!discarded) return discarded.error();
  if (auto counted = parts_.projection.tables().count_letters(); !counted) return counted.error();
  return done({}, *discarded);
}

Result<CommandResult> CommandRunner::choose(const Command& command, Outcome& outcome) {
  const auto why = why_not_open(command);
  if (!why) return why.error();
  if (!why->empty()) return refused(*why);
  const auto chosen = parts_.projection.letters().choose(command.letters);
  if (!chosen) return chosen.error();
  if (*chosen == 0) return done("no open dead letter is meant");
  outcome.needs_replay = true;
  return CommandResult{};
}

}  // namespace aludel
