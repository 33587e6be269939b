// SPDX-License-Identifier: MIT
#include "processor/worker.hpp"

#include <algorithm>
#include <aludel/plugin.h>
#include <limits>
#include <utility>

#include "base/duration.hpp"
#include "base/limits.hpp"
#include "processor/ownership.hpp"

namespace aludel {

namespace {

constexpr std::uint32_t stride_max = 64;
constexpr auto stride_time = std::chrono::milliseconds(1);

using Nanoseconds = std::chrono::nanoseconds;

// Events without a key have nothing in common.
std::string breaker_key(const Event& event) {
  return event.key.empty() ? std::to_string(event.id) : std::string(event.key);
}

}  // namespace

Worker::Worker(Parts parts, const Settings& settings)
    : parts_(parts),
      settings_(settings),
      random_(std::random_device{}()),
      singly_below_(settings.death ? settings.death->end_of_batch() : 0) {}

std::optional<Standstill> Worker::run(const std::optional<ProcessorError>& earlier, const Interrupt& stop) {
  looked_at_ = saved_at_ = parts_.clock.now();
  if (earlier && earlier->next_try_ns && earlier->event_id) {
    retry_at_ = settings_.retry_at ? *settings_.retry_at : end_of_wait(*earlier);
    const bool is_open = parts_.breaker.state() == Breaker::State::open;
    parts_.teller.retrying(*earlier, is_open ? Activity::tripped : Activity::retrying);
  } else {
    end_open_time();
  }
  rewind();
  while (!ended_ && !leaves_ && !stop.pending())
    step(stop);
  if (!ended_) finish(parts_.feed.position());
  return ended_;
}

void Worker::step(const Interrupt& stop) {
  if (parts_.relay.pending() && !parts_.batch.begun()) return relay(stop);
  if (retry_at_) return wait_to_retry(stop);
  const auto step = parts_.feed.next(event_);
  if (!step) return on_log_error(step.error());
  if (*step == Feed::Step::tip) return at_tip(stop);
  if (*step == Feed::Step::event) on_event(event_);
  keep_time();
}

void Worker::relay(const Interrupt& stop) {
  const auto done = parts_.relay.run(stop);
  if (!done) stand_still({Activity::stopped, host_error("relay", done.error(), parts_.clock.wall_ns())});
}

void Worker::on_event(const Event& event) {
  if (failed_ && event.id == failed_->error.event_id) {
    return decide_at_end(*std::exchange(failed_, std::nullopt));
  }
  if (const auto passed = passed_.find(event.id); passed != passed_.end()) return pass(event, passed->second);
  if (settings_.death) {
    if (const auto fault = parts_.batch.failed_by(*settings_.death, event.id)) return decide_on_death(*fault);
  }
  if (!parts_.batch.begun()) {
    parts_.teller.running();
    begun_at_ = parts_.clock.now();
    if (auto fault = parts_.batch.begin()) return settle(std::move(*fault));
  }
  if (auto fault = parts_.batch.deliver(event, flags(event.id))) return settle(std::move(*fault));
  note_success();
  end_batch_if_full(event);
}

std::uint32_t Worker::flags(std::uint64_t event_id) const {
  return (event_id < redelivered_below_ ? ALUDEL_CALL_REDELIVERY : 0) |
         (event_id < settings_.rebuild_below ? ALUDEL_CALL_REBUILD : 0);
}

void Worker::end_batch_if_full(const Event& event) {
  if (is_held()) return;
  const auto size_max = event.id < singly_below_ ? 1 : settings_.batch_size;
  if (parts_.batch.size() >= size_max || parts_.batch.has_written_enough()) finish(parts_.feed.position());
}

void Worker::note_success() {
  if (parts_.breaker.succeed()) log(LogLevel::info, "the breaker is closed again");
}

void Worker::end_open_time() {
  if (parts_.breaker.state() == Breaker::State::open) parts_.breaker.half_open();
}

// Until it is known whether what failed last has failed by an outage.
bool Worker::is_held() const {
  return parts_.batch.begun() && parts_.breaker.doubts();
}

// Commits what there is up to `at`, with why the processor stands still behind it.
void Worker::finish(const Position& at, const std::optional<Standstill>& standstill) {
  auto fault = parts_.batch.flush();
  if (!fault) {
    if (!parts_.batch.begun() && at == parts_.batch.cursor().position && !standstill) return;
    fault = unread();
    if (!fault) fault = parts_.batch.commit(at, standstill);
  }
  if (fault) return settle(std::move(*fault));
  saved_at_ = parts_.clock.now();
  tell_passed();
  parts_.feed.release();
  // The event that it was open for has succeeded after all.
  if (!failed_ && !parts_.batch.failing()) end_open_time();
  if (standstill && !is_wait(standstill->activity)) {
    ended_ = standstill;
  } else {
    parts_.teller.committed(parts_.batch.cursor(), parts_.batch.failing().has_value());
  }
}

// Not before: until then an open breaker, or a death, may have them tried again.
void Worker::tell_passed() {
  const auto end = passed_.lower_bound(parts_.batch.cursor().position.next);
  for (auto one = passed_.begin(); one != end; ++one) {
    const auto& [how, error] = one->second;
    log(LogLevel::warning,
        describe(error) + (how == Action::Kind::skip ? "; it is skipped" : "; it becomes a dead letter"));
  }
  passed_.erase(passed_.begin(), end);
}

// Of a wait that another process has begun. The clock may have been set meanwhile: it is never longer than it
// was meant to be.
Worker::Time Worker::end_of_wait(const ProcessorError& earlier) const {
  const auto longest = std::max<std::int64_t>(*earlier.next_try_ns - earlier.since_ns, 0);
  const auto rest = std::clamp<std::int64_t>(*earlier.next_try_ns - parts_.clock.wall_ns(), 0, longest);
  return parts_.clock.now() + Nanoseconds(rest);
}

void Worker::wait_to_retry(const Interrupt& stop) {
  const auto now = parts_.clock.now();
  if (now >= *retry_at_) {
    retry_at_.reset();
    end_open_time();
    return;
  }
  const auto letters_at = leaves_at();
  leaves_ = letters_at && *letters_at <= now;
  if (leaves_) return;
  const auto until = std::min(*retry_at_, letters_at.value_or(*retry_at_));
  // No event wakes it: none has this id.
  const auto woken = parts_.log.wait(std::numeric_limits<std::uint64_t>::max(), stop, until - now);
  if (!woken) on_log_error(woken.error());
}

// When letters have their turn; not before what was decided on is committed, and the event that a process
// died at decided on, as either would be forgotten.
std::optional<Worker::Time> Worker::leaves_at() {
  const auto& batch = parts_.batch;
  const auto& death = settings_.death;
  const bool death_is_ahead = death && death->is_ahead(batch.cursor().position.next, batch.failing());
  if (failed_ || !passed_.empty() || death_is_ahead) return std::nullopt;
  if (settings_.replay_waits) return Time();
  // Letters would meet the same outage.
  const bool is_open = parts_.breaker.state() == Breaker::State::open;
  return is_open ? std::nullopt : parts_.replays.next_round();
}

void Worker::at_tip(const Interrupt& stop) {
  if (parts_.batch.begun()) return finish(parts_.feed.position());
  const auto now = parts_.clock.now();
  std::optional<Nanoseconds> timeout;
  if (parts_.feed.position() != parts_.batch.cursor().position) {
    const auto due = saved_at_ + limits::idle_progress_interval;
    if (now >= due) return finish(parts_.feed.position());
    timeout = due - now;
  }
  if (const auto due = parts_.teller.waiting(parts_.feed.position().next, now)) {
    timeout = std::min(timeout.value_or(Nanoseconds::max()), *due);
  }
  if (const auto letters_at = leaves_at()) {
    leaves_ = *letters_at <= now;
    if (leaves_) return;
    timeout = std::min(timeout.value_or(Nanoseconds::max()), Nanoseconds(*letters_at - now));
  }
  const auto woken = parts_.log.wait(parts_.feed.position().next, stop, timeout);
  if (!woken) on_log_error(woken.error());
}

void Worker::on_log_error(const Error& error) {
  finish(parts_.feed.position(), unreadable(parts_.feed.position(), error));
}

// What was to be read there may have been dropped.
Standstill Worker::unreadable(const Position& at, const Error& error) const {
  const auto now_ns = parts_.clock.wall_ns();
  if (error.code == ErrorCode::not_found) {
    if (auto gone = check_expiry(at, parts_.log, now_ns)) return *gone;
  }
  return {Activity::stopped, host_error("read", error, now_ns)};
}

// Steps take from nanoseconds to a minute: the faster they are, the less often the clock is worth a look.
void Worker::keep_time() {
  if (--steps_left_ > 0) return;
  const auto now = parts_.clock.now();
  stride_ = now - looked_at_ < stride_time ? std::min(stride_ * 2, stride_max) : 1;
  steps_left_ = stride_;
  looked_at_ = now;
  if (ended_) return;
  const auto letters_at = leaves_at();
  leaves_ = letters_at && *letters_at <= now;
  const auto due =
      parts_.batch.begun() ? begun_at_ + limits::batch_time_max : saved_at_ + limits::idle_progress_interval;
  if (now >= due && !is_held()) finish(parts_.feed.position());
}

// What a handler makes of an event that was not as it is in the log is no fault of its own, nor may it stay.
std::optional<Fault> Worker::unread() const {
  const auto read = parts_.feed.check_read();
  if (read) return std::nullopt;
  return Fault{.at = Fault::At::environment,
               .kind = FailureKind::fatal,
               .outcome = Outcome::fatal,
               .error = host_error("read", read.error(), parts_.clock.wall_ns())};
}

void Worker::settle(Fault fault) {
  if (auto of_log = unread()) fault = std::move(*of_log);
  const bool again = fault.error.event_id && *fault.error.event_id < redelivered_below_;
  const auto end = parts_.batch.end();
  redelivered_below_ = std::max(redelivered_below_, end);
  if (fault.left_nothing) {
    parts_.batch.take_back();
    return decide_on(fault);
  }
  failed_.reset();
  const auto undone = parts_.batch.undo();
  if (!undone)
    return stand_still({Activity::stopped, host_error("rollback", undone.error(), parts_.clock.wall_ns())});
  // An outage that comes back would otherwise undo the batch once for each of its events.
  const bool outage = fault.kind == FailureKind::fatal && again;
  if (fault.at == Fault::At::environment || outage) {
    return stand_still({Activity::stopped, std::move(fault.error)});
  }
  if (fault.at == Fault::At::batch) {
    singly_below_ = end;
  } else {
    failed_ = std::move(fault);
  }
  rewind();
}

// All before the event is in the batch. Committed here, so that the next failure undoes only what comes
// behind this one.
void Worker::decide_at_end(const Fault& fault) {
  decide_on(fault);
  if (!ended_ && parts_.batch.begun() && !is_held()) finish(parts_.feed.position());
}

// Whatever is held: the page tells of one death, so the next one would have this one forgotten.
void Worker::decide_on_death(const Fault& fault) {
  decide_on(fault);
  if (!ended_ && parts_.batch.begun()) finish(parts_.feed.position());
}

// The event at fault is the one that the feed gave last; nothing of it is in the batch.
void Worker::decide_on(const Fault& fault) {
  if (fault.kind != FailureKind::fatal && parts_.breaker.fail(breaker_key(event_), parts_.clock.now())) {
    return trip(fault);
  }
  const auto action = action_for(fault);
  switch (action.kind) {
    case Action::Kind::retry: return wait_with(fault, action.delay, Activity::retrying);
    case Action::Kind::skip:
    case Action::Kind::dead_letter: {
      const auto [passed, ignored] = passed_.insert_or_assign(event_.id, Passed{action.kind, fault.error});
      return pass(event_, passed->second);
    }
    case Action::Kind::stop:
    case Action::Kind::ask:
      return finish(parts_.feed.before_event(), Standstill{Activity::stopped, fault.error});
  }
}

Action Worker::action_for(const Fault& fault) {
  const auto [strategy, limits] = settings_.policy.choose(event_.type, fault.kind);
  const Failure failure{fault.kind, fault.error.attempt, fault.retry_after};
  const double random = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  const auto action = decide(failure, strategy, limits, random);
  if (action.kind != Action::Kind::ask) return action;
  // What the process died in is not called again for that.
  if (fault.stage == Stage::on_error) return bounded(Decision{}, failure, limits, random);
  std::string why;
  const auto decision = parts_.batch.ask(event_, fault, why);
  if (!decision)
    log(LogLevel::warning, "on_error failed for event " + std::to_string(event_.id) + ": " + why);
  return bounded(decision.value_or(Decision{}), failure, limits, random);
}

// The attempt is durable before the next one, so that a restart goes on counting.
void Worker::wait_with(const Fault& fault, std::chrono::milliseconds delay, Activity wait) {
  auto error = fault.error;
  error.next_try_ns = parts_.clock.wall_ns() + Nanoseconds(delay).count();
  finish(parts_.feed.before_event(), Standstill{wait, error});
  // Its neighbours may have failed instead.
  const auto& failing = parts_.batch.failing();
  if (ended_ || !failing || failing->id != error.event_id || failing->attempts != error.attempt) return;
  const std::string why = wait == Activity::tripped ? "; so much has failed that the breaker is open" : "";
  log(LogLevel::warning, describe(error) + why + "; attempt " + std::to_string(error.attempt + 1) +
                             " follows in " + format_delay(delay));
  retry_at_ = parts_.clock.now() + delay;
  parts_.teller.retrying(error, wait);
  rewind();
}

// It waits before the first event of all whose failure is not committed: each of them is to be found out
// anew.
void Worker::trip(const Fault& fault) {
  const bool is_first = passed_.empty() || passed_.begin()->first > event_.id;
  const auto first = is_first ? fault : Fault{.error = passed_.begin()->second.error};
  passed_.clear();
  if (is_first) return wait_with(first, parts_.breaker.open_time(), Activity::tripped);
  redelivered_below_ = std::max(redelivered_below_, parts_.batch.end());
  if (const auto undone = parts_.batch.undo(); !undone) {
    return stand_still({Activity::stopped, host_error("rollback", undone.error(), parts_.clock.wall_ns())});
  }
  failed_ = first;
  rewind();
}

void Worker::pass(const Event& event, const Passed& passed) {
  if (!parts_.batch.begun()) begun_at_ = parts_.clock.now();
  const auto* letter = passed.how == Action::Kind::dead_letter ? &passed.error : nullptr;
  if (auto fault = parts_.batch.pass(event, letter)) return settle(std::move(*fault));
  end_batch_if_full(event);
}

void Worker::log(LogLevel level, const std::string& line) {
  if (parts_.handler_log.enabled(level)) parts_.handler_log.write(level, line);
}

void Worker::rewind() {
  const auto& at = parts_.batch.cursor().position;
  if (const auto sought = parts_.feed.seek(at); !sought) stand_still(unreadable(at, sought.error()));
}

void Worker::stand_still(Standstill standstill) {
  // On a full or broken disk this may fail as well; what made it stand still is told all the same.
  (void)parts_.projection.record(standstill);
  ended_ = std::move(standstill);
}

}  // namespace aludel
