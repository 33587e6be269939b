// SPDX-License-Identifier: MIT
#include "processor/letter_delivery.hpp"

#include <aludel/plugin.h>
#include <string>

#include "processor/standstill.hpp"

namespace aludel {

Result<std::optional<ProcessorError>> LetterDelivery::run(const StoredEvent& stored, bool dry_run,
                                                          const std::function<Result<void>()>& settle) {
  auto& projection = parts_.projection;
  if (auto begun = projection.begin(); !begun) return begun.error();
  const std::uint32_t flags = ALUDEL_CALL_REPLAY | (dry_run ? ALUDEL_CALL_DRY_RUN : 0) |
                              (stored.event_id < parts_.rebuild_below ? ALUDEL_CALL_REBUILD : 0);
  auto failed = deliver(stored, flags);
  if (!failed && !dry_run) {
    if (auto settled = settle(); !settled) return settled.error();
    const auto committed = projection.commit();
    if (committed) return failed;
    // SQLite refuses a commit for a deferred constraint: then the event is at fault, not the disk.
    if (committed.error().code != ErrorCode::invalid) return committed.error();
    failed = host_error("commit", committed.error(), parts_.clock.wall_ns());
    failed->code = "constraint";
  }
  if (auto undone = undo(stored); !undone) return undone.error();
  if (failed) {
    failed->event_id = stored.event_id;
    failed->attempt = stored.attempts + 1;
  }
  return failed;
}

std::optional<ProcessorError> LetterDelivery::deliver(const StoredEvent& stored, std::uint32_t flags) {
  const auto event = stored.event();
  const auto attempt = stored.attempts + 1;
  parts_.projection.clock().set(event.time_ns);
  auto stage = Stage::validate;
  auto outcome = call(stage, event, flags, attempt);
  if (outcome == Outcome::handled) outcome = call(stage = Stage::handle, event, flags, attempt);
  // What a skipped event wrote stays too, also what it gathered.
  if (outcome == Outcome::handled || outcome == Outcome::skip) {
    outcome = call(stage = Stage::flush, event, flags, attempt);
  }
  if (outcome == Outcome::handled) return std::nullopt;
  return handler_error(stage, outcome, parts_.instance.error(), parts_.clock.wall_ns());
}

Outcome LetterDelivery::call(Stage stage, const Event& event, std::uint32_t flags, std::uint32_t attempt) {
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

Result<void> LetterDelivery::undo(const StoredEvent& stored) {
  if (auto undone = parts_.projection.rollback(); !undone) return undone;
  parts_.page.enter(static_cast<std::uint32_t>(Stage::rolled_back), stored.event_id, stored.attempts + 1);
  parts_.instance.rolled_back(stored.event_id);
  parts_.page.leave();
  return {};
}

bool was_in_replay_of(const StoredEvent& stored, const Death& death) {
  return death.event_id == stored.event_id && death.attempt == stored.attempts + 1;
}

}  // namespace aludel
