// SPDX-License-Identifier: MIT
#include "processor/state.hpp"

#include "base/sqlite.hpp"
#include "processor/command.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"
#include "processor/standstill.hpp"

namespace aludel {

std::string describe(const ProcessorError& error) {
  const auto event = error.event_id ? "event " + std::to_string(*error.event_id) + ": " : std::string();
  return event + error.code + (error.message.empty() ? "" : ": " + error.message);
}

bool is_wait(Activity activity) {
  return activity == Activity::retrying || activity == Activity::tripped;
}

std::string_view to_string(Activity activity) {
  switch (activity) {
    case Activity::running: return "running";
    case Activity::waiting: return "waiting";
    case Activity::retrying: return "retrying";
    case Activity::tripped: return "tripped";
    case Activity::paused: return "paused";
    case Activity::stopped: return "stopped";
    case Activity::diverged: return "diverged";
    case Activity::expired: return "expired";
    case Activity::refused: return "refused";
    case Activity::crashed: return "crashed";
    case Activity::hanging: return "hanging";
    case Activity::offline: return "offline";
    case Activity::unconfigured: return "unconfigured";
  }
  return "unknown";
}

namespace {

// In one transaction, so that cursor and reason are of one moment.
Result<ProcessorState> read_tables(HostTables& tables, const std::filesystem::path& directory,
                                   std::chrono::milliseconds time_max) {
  const auto identity = tables.identity();
  if (!identity) return identity.error();
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  auto standstill = tables.standstill();
  if (!standstill) return standstill.error();
  const auto expired = tables.expired();
  if (!expired) return expired.error();
  const auto emits_pending = tables.emits_pending();
  if (!emits_pending) return emits_pending.error();
  auto subscriptions = tables.subscriptions();
  if (!subscriptions) return subscriptions.error();
  ProcessorState state{
      .activity = Activity::offline,
      .handler_id = identity->handler_id,
      .handler_version = identity->handler_version,
      .next = cursor->position.next,
      .handled = cursor->handled,
      .skipped = cursor->skipped,
      .dead_letters = cursor->dead_letters,
      .expired = *expired,
      .emits_pending = *emits_pending,
      .subscriptions = std::move(*subscriptions),
      .error = std::nullopt,
  };
  const auto control = tables.control();
  if (!control) return control.error();
  state.paused_ns = control->paused_ns;
  const auto waiting = CommandQueue::waiting(directory, control->applied, time_max);
  // An error: there is no queue yet.
  state.commands_kept = (waiting ? *waiting : 0) + (control->unfinished == 0 ? 0 : 1);
  if (control->paused_ns) state.activity = Activity::paused;
  if (*standstill) {
    // Nobody is there to wait for the next attempt.
    const bool waits = is_wait((*standstill)->activity);
    if (!waits && !control->paused_ns) state.activity = (*standstill)->activity;
    state.error = std::move((*standstill)->error);
  }
  return state;
}

}  // namespace

Result<ProcessorState> read_state(const std::filesystem::path& directory,
                                  std::chrono::milliseconds time_max) {
  auto database = Database::look(projection_link(directory), time_max);
  if (!database) return database.error();
  if (auto begun = (*database)->execute("begin"); !begun) return begun.error();
  const auto there = HostTables::exist(**database);
  if (!there) return there.error();
  if (!*there) {
    return Error{ErrorCode::not_found,
                 "read the state of " + directory.string() + ": it has no projection yet"};
  }
  auto tables = HostTables::open(**database);
  if (tables) return read_tables(*tables, directory, time_max);
  if (tables.error().code != ErrorCode::unsupported) return tables.error();
  // A newer Aludel's: what else is in it is not ours to interpret.
  ProcessorState state;
  state.activity = Activity::refused;
  state.error = host_error("open", tables.error(), 0);
  return state;
}

}  // namespace aludel
