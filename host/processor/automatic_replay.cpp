// SPDX-License-Identifier: MIT
#include "processor/automatic_replay.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace aludel {

namespace {

// The event lies behind the cursor, so that the processor does not stand at it.
ProcessorError about_letter(const StoredEvent& stored, ProcessorError error) {
  error.event_id.reset();
  error.attempt = 0;
  error.message = "in the replay of dead letter " + std::to_string(stored.letter) + " (event " +
                  std::to_string(stored.event_id) + "): " + error.message +
                  "; if it stays so, `dlq discard --id " + std::to_string(stored.letter) +
                  "` gives that letter up";
  return error;
}

}  // namespace

AutomaticReplay::AutomaticReplay(Parts parts, const ReplayPolicy& policy) : parts_(parts), policy_(policy) {
  parts_.projection.letters().schedule().take(policy_);
  const auto last = parts_.page.last_round();
  if (last) last_round_ = std::min(*last, parts_.clock.now());  // it may have had another clock
}

Result<void> AutomaticReplay::take_up(const std::optional<Death>& death) {
  auto& schedule = parts_.projection.letters().schedule();
  const auto differs = schedule.differs();
  if (!differs) return differs.error();
  if (*differs) {
    if (auto adopted = in_transaction([&] { return schedule.adopt(); }); !adopted) return adopted;
  }
  if (policy_.strategy == ReplayStrategy::off || !death) return {};
  return settle_death(*death);
}

Result<void> AutomaticReplay::settle_death(const Death& death) {
  const auto stored = parts_.projection.letters().unchosen_letter_of(death.event_id);
  if (!stored) return stored.error();
  if (!*stored || !was_in_replay_of(**stored, death)) return {};
  // The round that it was in is over: others may end like it, and the log has its turn first.
  if (!death.passed_on) {
    end_round();
    if (auto queued = queue_behind((*stored)->letter); !queued) return queued;
  }
  if (!death.counts()) return {};
  const auto identity = parts_.projection.tables().identity();
  if (!identity) return identity.error();
  return settle(**stored, failure_by(death, parts_.clock.wall_ns()), identity->handler_version);
}

// What was due when the process died: the next round goes on behind this letter, so that letters that kill
// their process keep no other from its turn either.
Result<void> AutomaticReplay::queue_behind(std::int64_t letter) {
  auto due = parts_.projection.letters().schedule().due(parts_.clock.wall_ns());
  if (!due) return due.error();
  const auto at = std::find(due->begin(), due->end(), letter);
  if (at == due->end()) return {};
  queue_.assign(at + 1, due->end());
  queue_.insert(queue_.end(), due->begin(), at);
  return {};
}

std::optional<AutomaticReplay::Time> AutomaticReplay::next_round() {
  if (policy_.strategy == ReplayStrategy::off) return std::nullopt;
  const auto rest = parts_.projection.letters().schedule().rest(parts_.clock.wall_ns());
  if (!rest) return Time();  // the round will tell what is wrong
  if (!*rest) return std::nullopt;
  const auto at = parts_.clock.now() + **rest;
  return last_round_ ? std::max(at, *last_round_ + policy_.check_interval) : at;
}

bool AutomaticReplay::is_due() {
  const auto at = next_round();
  return at && *at <= parts_.clock.now();
}

Result<std::optional<Standstill>> AutomaticReplay::round(LetterDelivery delivery,
                                                         const std::string& handler_version,
                                                         const Interrupt& stop) {
  auto& schedule = parts_.projection.letters().schedule();
  const auto now_ns = parts_.clock.wall_ns();
  if (auto done = in_transaction([&] { return schedule.shorten_waits(now_ns); }); !done) return done.error();
  bool looked = false;
  std::uint32_t failed_in_a_row = 0;
  std::optional<Standstill> standstill;
  for (std::uint64_t taken = 0; taken < policy_.batch_size; ++taken) {
    if (stop.pending() || standstill || failed_in_a_row == policy_.stop_on_consecutive_failures) break;
    const auto stored = next_due(looked);
    if (!stored) return stored.error();
    if (!*stored) break;
    const auto error = replay(**stored, delivery);
    if (!error) return error.error();
    if (!*error) {
      failed_in_a_row = 0;
    } else if ((*error)->outcome == to_string(Outcome::fatal)) {
      standstill = Standstill{Activity::stopped, about_letter(**stored, **error)};
    } else {
      ++failed_in_a_row;
      if (auto settled = settle(**stored, **error, handler_version); !settled) return settled.error();
    }
  }
  schedule.changed();
  end_round();
  return standstill;
}

void AutomaticReplay::end_round() {
  last_round_ = parts_.clock.now();
  parts_.page.note_round(*last_round_);
}

// A queue that is empty is filled once a round, by the first that looks. What was queued may have been
// replayed by order since, or discarded.
Result<std::optional<StoredEvent>> AutomaticReplay::next_due(bool& looked) {
  auto& letters = parts_.projection.letters();
  const auto now_ns = parts_.clock.wall_ns();
  for (;;) {
    if (queue_.empty() && !std::exchange(looked, true)) {
      const auto due = letters.schedule().due(now_ns);
      if (!due) return due.error();
      queue_.assign(due->begin(), due->end());
    }
    if (queue_.empty()) return std::optional<StoredEvent>();
    auto stored = letters.due_letter(queue_.front(), now_ns);
    queue_.pop_front();
    if (!stored || *stored) return stored;
  }
}

Result<std::optional<ProcessorError>> AutomaticReplay::replay(const StoredEvent& stored,
                                                              LetterDelivery& delivery) {
  auto error = delivery.run(stored, false, [&]() -> Result<void> {
    if (auto closed = parts_.projection.letters().close_replayed(stored.letter); !closed) return closed;
    return parts_.projection.tables().count_replayed();
  });
  if (error && !*error && parts_.handler_log.enabled(LogLevel::info)) {
    parts_.handler_log.write(LogLevel::info, "replayed dead letter " + std::to_string(stored.letter) +
                                                 " (event " + std::to_string(stored.event_id) + ")");
  }
  return error;
}

Result<void> AutomaticReplay::settle(const StoredEvent& stored, const ProcessorError& error,
                                     const std::string& handler_version) {
  auto& letters = parts_.projection.letters();
  auto noted = in_transaction(
      [&] { return letters.note_failed_replay(stored, Letters::By::schedule, error, handler_version); });
  if (!noted || !parts_.handler_log.enabled(LogLevel::warning)) return noted;
  const auto next = letters.schedule().is_exhausted(stored.retries + 1)
                        ? std::string("it is permanent")
                        : "replay " + std::to_string(stored.retries + 2) + " of " +
                              std::to_string(policy_.max_retries) + " follows";
  parts_.handler_log.write(LogLevel::warning, "dead letter " + std::to_string(stored.letter) +
                                                  " failed again: " + describe(error) + "; " + next);
  return noted;
}

Result<void> AutomaticReplay::in_transaction(const std::function<Result<void>()>& write) {
  auto& projection = parts_.projection;
  if (auto begun = projection.begin(); !begun) return begun;
  auto written = write();
  if (written) written = projection.commit();
  if (!written) (void)projection.rollback();
  return written;
}

}  // namespace aludel
