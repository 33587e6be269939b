// SPDX-License-Identifier: MIT
#include "runtime/supervised.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/os/fault_report.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "policy/backoff.hpp"
#include "processor/page.hpp"
#include "runtime/unused_folder.hpp"
#include "runtime/verdict.hpp"

namespace aludel {

namespace {

constexpr auto hanging_after = std::chrono::seconds(10);

// For a reason that outlasts its process.
bool stands_still(Activity activity) {
  return activity == Activity::stopped || activity == Activity::diverged || activity == Activity::expired ||
         activity == Activity::refused || activity == Activity::crashed || activity == Activity::paused;
}

// Its last word, whether or not it was asked for.
bool is_final(Activity activity) {
  return stands_still(activity) || activity == Activity::offline;
}

// Of what it said itself: the calls that led to a fault follow it, and stand elsewhere.
std::string_view last_line(std::string_view output) {
  output = output.substr(0, output.rfind(os::fault_report_head));
  while (!output.empty() && output.back() == '\n')
    output.remove_suffix(1);
  return output.substr(output.rfind('\n') + 1);
}

// Until it is to be tried again, if it says so, be it anything. The clock may be set meanwhile: a look a day
// costs nothing.
std::optional<std::chrono::milliseconds> time_until(const ProcessorError& error) {
  constexpr std::chrono::nanoseconds day = std::chrono::hours(24);
  if (!error.next_try_ns) return std::nullopt;
  const auto now_ns = system_clock().wall_ns();
  const std::chrono::nanoseconds rest(std::clamp(*error.next_try_ns, now_ns, now_ns + day.count()) - now_ns);
  return std::chrono::ceil<std::chrono::milliseconds>(rest);
}

// "handle of event 7", "create"
std::string in_words(const InFlightPage::Call& call) {
  const std::string stage(to_string(static_cast<Stage>(call.stage)));
  return call.attempt == 0 ? stage : stage + " of event " + std::to_string(call.event_id);
}

std::string in_words(const std::optional<InFlightPage::Call>& call) {
  return call ? in_words(*call) : "a call";
}

}  // namespace

Supervised::Supervised(Reactor& reactor, const HostLog& log, Setup setup, std::function<void()> on_change)
    : reactor_(reactor),
      log_(log),
      setup_(std::move(setup)),
      name_(setup_.spec.name),
      on_change_(std::move(on_change)),
      lines_(reactor, log, setup_.spec.name, setup_.spec.allowance.log_lines) {
  state_.handler_id = setup_.spec.handler;
  state_.handler_version = setup_.spec.handler_version;
}

void Supervised::start() {
  if (!only_applies_commands()) remove_verdict(setup_.spec.host_directory);
  launch(setup_.spec.start);
}

// @param shown what it is said to do until it is loaded and says so itself
void Supervised::launch(Processor::Start start, Activity shown) {
  pause_.reset();
  stuck_in_.clear();
  phase_ = Phase::at_work;
  state_.activity = shown;
  overdue_.clear();
  final_.reset();
  nudged_.reset();
  goes_on_ = false;
  launched_ns_ = system_clock().wall_ns();
  auto calls = CallWatch::open(setup_.spec.directory / "page");
  if (!calls) return not_launched(calls.error());
  calls_ = std::move(*calls);
  auto spec = setup_.spec;
  spec.start = start_ = start;
  spec.death_output = death_output_;
  auto worker = setup_.start_worker(spec, {[this](const ProcessorState& state) { on_state(state); },
                                           [this](LogLevel level, std::string_view line, LogOrigin origin) {
                                             lines_.write(level, line, origin);
                                           },
                                           [this](const Worker::Ended& ended) { on_end(ended); }});
  if (!worker) return not_launched(worker.error());
  worker_ = std::move(*worker);
  calls_->started(worker_->pid());
  const auto load_time = std::max<std::chrono::milliseconds>(timeout(), limits::load_time_min);
  kill_after(load_time, "loading the plugin took over " + format_duration(load_time) +
                            " and was killed: its constructors or aludel_plugin_v1 hang");
  look_later();
  on_change_();
}

void Supervised::stop(std::chrono::milliseconds patience) {
  stopping_ = true;
  if (phase_ == Phase::pausing || phase_ == Phase::put_off) return finish(state_);
  if (phase_ == Phase::ended) return;
  worker_->stop();
  pause_ = reactor_.after(patience, [this, patience] { kill_stuck(patience); });
}

void Supervised::kill_stuck(std::chrono::milliseconds patience) {
  if (const auto call = calls_->in_flight()) stuck_in_ = in_words(*call);
  log_.write(LogLevel::warning, name(),
             "did not stop within " + format_duration(patience) +
                 (stuck_in_.empty() ? "" : ", in " + stuck_in_) + "; it is killed");
  kill();
}

void Supervised::nudge(Nudge why) {
  if (stopping_) return;
  nudged_ = std::max(nudged_.value_or(why), why);
  if (phase_ == Phase::at_work) {
    if (why == Nudge::command && !final_ && stands_still(state_.activity)) {
      state_.activity = Activity::running;
      on_change_();
    }
    return worker_->nudge();
  }
  if (phase_ != Phase::ended) return launch(start_);
  deaths_ = 0;
  wake(why);
}

// One that has ended. It goes on only if a command says so, and who gave one waits as long as it does not
// stand still.
void Supervised::wake(Nudge why) {
  launch(Processor::Start::as_it_was, why == Nudge::command ? Activity::running : state_.activity);
}

bool Supervised::has_come_to(std::uint64_t tip) const {
  const auto durable = read_state(setup_.spec.directory);
  return durable && durable->next >= tip;
}

void Supervised::kill() {
  if (!worker_) return;
  const auto call = calls_->in_flight();
  worker_->kill(call ? in_words(*call) : std::string());
}

// The plugin is not at fault, and trying again costs nothing.
void Supervised::not_launched(const Error& error) {
  state_.error = ProcessorError{
      std::nullopt, system_clock().wall_ns(), 0, "host", "launch", std::string(to_string(error.code)),
      error.message};
  if (error.code == ErrorCode::not_found || error.code == ErrorCode::denied) {
    state_.activity = Activity::stopped;
    finish(state_);
  } else {
    pause(Phase::pausing, delay_after(Backoff{}, ++vain_launches_), "tried again");
  }
  if (reload_) settle_reload();
}

void Supervised::try_later(const ProcessorState& state) {
  state_ = state;
  // What it says may be its plugin's word.
  state_.error->since_ns = std::min(state_.error->since_ns, system_clock().wall_ns());
  ++vain_launches_;
  pause(Phase::put_off, time_until(*state_.error).value_or(delay_after(Backoff{}, vain_launches_)),
        "tried again");
}

// Until the next launch. @param follows what is done with it then
void Supervised::pause(Phase phase, std::chrono::milliseconds delay, const char* follows) {
  phase_ = phase;
  state_.activity = Activity::retrying;
  if (!state_.error->next_try_ns) {
    state_.error->next_try_ns = state_.error->since_ns + std::chrono::nanoseconds(delay).count();
  }
  log_.write(phase == Phase::put_off ? LogLevel::warning : LogLevel::error, name(),
             state_.error->message + "; it is " + follows +
                 (delay.count() == 0 ? " at once" : " in " + format_delay(delay)));
  pause_ = reactor_.after(delay, [this] { launch(start_); });
  on_change_();
}

void Supervised::kill_after(std::chrono::milliseconds time, std::string why) {
  deadline_ = reactor_.after(time, [this, why = std::move(why)] {
    overdue_ = why;
    overdue_code_ = "timed_out";
    kill();
  });
}

void Supervised::on_state(const ProcessorState& state) {
  const auto shown = std::exchange(state_, state).activity;
  // The first word says no more than that the plugin is loaded.
  if (deadline_ && state.activity == Activity::running) state_.activity = shown;
  if (reload_ && state.activity == Activity::offline) state_.activity = Activity::running;  // for a moment
  expect_page();
  deadline_.reset();
  // It goes on: what a command has overcome is no reason any more.
  if (state.activity == Activity::running && !state.error && !std::exchange(goes_on_, true)) {
    remove_verdict(setup_.spec.host_directory);
  }
  if (is_final(state.activity)) {
    final_ = state;
    note_reason();
    const auto leave_time = std::max<std::chrono::milliseconds>(timeout(), limits::load_time_min);
    kill_after(leave_time, "did not end within " + format_duration(leave_time) + " and was killed");
  }
  // It does not wait as long as its page shows a call, or nothing to be believed: that was its plugin's word.
  const bool waits = state.activity == Activity::waiting;
  if (const auto call = calls_->shown(); waits && (!call || call->stage != 0))
    state_.activity = Activity::running;
  if (state_.activity == Activity::waiting) {
    look_timer_.reset();
  } else if (!look_timer_) {
    calls_->begin(system_clock().now(), worker_->cpu_time());
    look_later();
  }
  on_change_();
  if (reload_ && is_proven(state)) settle_reload();
}

// Of one that is loaded, once its folder is free, which it waits for so long; of one that is up, now.
void Supervised::expect_page() {
  const auto now = system_clock().now();
  calls_->expect_page(state_.up ? now : now + limits::stop_time_max);
}

void Supervised::on_end(const Worker::Ended& ended) {
  look_timer_.reset();
  deadline_.reset();
  worker_.reset();
  keep_page(ended.end);
  const auto last = last_word(ended);
  if (reload_ && !stopping_ && goes_on_in_reload(ended, last)) return;
  after_end(ended, last);
  if (reload_) settle_reload();
}

// For the process after it, what this one was in and how it ended.
void Supervised::keep_page(const ProcessEnd& end) {
  calls_->note_end(end);
  const auto lost = calls_->put_back();
  if (!lost) return log_.write(LogLevel::error, name(), lost.error().message);
  if (!*lost) return;
  log_.write(
      LogLevel::warning, name(),
      "its plugin has removed or replaced its page, which shows the host what it calls: it is put back");
}

// Whether it may leave in this state, or only its plugin can have said so.
bool Supervised::is_an_end(const ProcessorState& last) const {
  if (last.activity == Activity::offline) return stopping_ || only_applies_commands();
  const bool for_a_reason = stands_still(last.activity) || last.activity == Activity::retrying;
  return for_a_reason && (last.error || last.activity == Activity::paused);
}

void Supervised::after_end(const Worker::Ended& ended, const std::optional<ProcessorState>& last) {
  if (!last || !is_an_end(*last)) {
    if (stopping_) return finish(state_);
    return died(ended);
  }
  if (last->activity == Activity::retrying && !stopping_) return try_later(*last);
  if (!ended.state) log_.write(LogLevel::warning, name(), "at its end: " + death(ended).message);
  finish(*last);
  // A nudge may have come too late for it.
  if (nudged_ && !stopping_) wake(*nudged_);
}

// What it told; or why it stands still, if it could only write that down.
std::optional<ProcessorState> Supervised::last_word(const Worker::Ended& ended) const {
  if (ended.state) return ended.state;
  if (final_) return final_;
  auto durable = read_state(setup_.spec.directory, limits::short_look_time_max);
  const bool of_this_launch = durable && stands_still(durable->activity) && durable->error &&
                              durable->error->since_ns >= launched_ns_;
  if (!of_this_launch) return std::nullopt;
  return std::move(*durable);
}

void Supervised::finish(const ProcessorState& state) {
  pause_.reset();
  phase_ = Phase::ended;
  vain_launches_ = 0;
  state_ = state;
  if (!stands_still(state_.activity)) state_.activity = Activity::offline;
  if (stands_still(state_.activity) && state_.activity != Activity::paused && state_.error &&
      state_.error->since_ns >= launched_ns_) {
    log_.write(LogLevel::error, name(),
               std::string(to_string(state_.activity)) + ": " + describe(*state_.error));
  }
  if (state_.activity == Activity::refused && setup_.made_folder &&
      nothing_committed(setup_.spec.directory)) {
    std::error_code ignored;
    for (const auto* folder : {&setup_.spec.host_directory, &setup_.spec.directory})
      std::filesystem::remove_all(*folder, ignored);
  } else {
    note_reason();
  }
  on_change_();
}

// A reason that the processor could not keep in its projection is kept beside it. That it is expired follows
// from its cursor. What keeps one from applying commands says nothing of what it does with a host.
void Supervised::note_reason() {
  if (only_applies_commands() || !stands_still(state_.activity) || !state_.error) return;
  if (state_.activity == Activity::paused || state_.activity == Activity::expired) return;
  const auto durable = read_state(setup_.spec.directory, limits::short_look_time_max);
  if (durable && durable->activity == state_.activity && durable->error &&
      durable->error->since_ns == state_.error->since_ns) {
    return;
  }
  if (auto written = write_verdict(setup_.spec.host_directory, {state_.activity, *state_.error}); !written) {
    log_.write(LogLevel::error, name(), written.error().message);
  }
}

// Noted before the kill: this host may end with it, or before it sees the end.
void Supervised::kill_in_call(const std::string& why, ProcessEnd::Kind kind,
                              std::chrono::milliseconds allowed) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  overdue_ = "a call took over " + format_duration(allowed) + why + " and was killed";
  overdue_code_ = kind == ProcessEnd::Kind::timed_out ? "timed_out" : "cpu_limit";
  const auto time = static_cast<std::uint32_t>(std::min<std::int64_t>(allowed.count(), most));
  calls_->note_end({kind, time});
  kill();
}

// Which event it was at when it died, by its page; what ended it; what it said last.
ProcessorError Supervised::death(const Worker::Ended& ended) const {
  ProcessorError error;
  error.since_ns = system_clock().wall_ns();
  error.outcome = "host";
  error.code = overdue_.empty() ? "crashed" : overdue_code_;
  error.message = overdue_.empty() ? ended.how : overdue_;
  if (const auto call = calls_->in_flight()) {
    error.stage = to_string(static_cast<Stage>(call->stage));
    error.message += " in " + in_words(*call);
    error.attempt = call->attempt;
    if (call->attempt != 0) error.event_id = call->event_id;
  }
  const auto line = last_line(ended.last_output);
  if (!line.empty()) error.message += "; it wrote last: " + std::string(line);
  return error;
}

// Which call has taken so long, since when, and when that has an end.
ProcessorError Supervised::hang(const CallWatch::Sight& seen) const {
  const auto nanoseconds = [](auto time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  };
  const auto call = seen.call.value_or(InFlightPage::Call{});
  ProcessorError error;
  error.since_ns = system_clock().wall_ns() - nanoseconds(seen.taken);
  error.attempt = call.attempt;
  error.outcome = "host";
  error.stage = to_string(static_cast<Stage>(call.stage));
  error.code = "hanging";
  error.message = in_words(seen.call) + " has not returned";
  if (call.attempt != 0) error.event_id = call.event_id;
  if (static_cast<Stage>(call.stage) != Stage::migrate) {
    error.message += "; it is killed at " + format_time(error.since_ns + nanoseconds(timeout()));
  }
  return error;
}

void Supervised::died(const Worker::Ended& ended) {
  const auto durable = read_state(setup_.spec.directory, limits::short_look_time_max);
  Progress progress;
  if (durable) {
    state_ = *durable;
    progress = {durable->next, durable->error && durable->error->event_id ? durable->error->attempt : 0};
  }
  // A dead letter that it died at has failed again with the next start, or does so with the third
  // interruption: that is progress too.
  const auto call = calls_->in_flight();
  const bool at_letter = call && call->attempt != 0 && call->event_id < progress.next;
  if (at_letter || progress.is_beyond(progress_at_death_)) deaths_ = 0;
  progress_at_death_ = progress;
  vain_launches_ = 0;
  ++deaths_;
  state_.error = death(ended);
  const bool has_failed = has_failed_by_death();
  if (has_failed) death_output_ = repaired_utf8(ended.last_output, limits::crash_output_max);
  if (deaths_ >= limits::deaths_without_commit_max) return give_up();
  const bool at_once = deaths_ == 1 && has_failed;
  pause(Phase::pausing, at_once ? std::chrono::milliseconds(0) : delay_after(Backoff{}, deaths_),
        "started again");
}

// Whether the event in flight has failed by the death, as the next start will find.
bool Supervised::has_failed_by_death() const {
  const auto call = calls_->in_flight();
  if (!call || call->attempt == 0) return false;
  const auto death = calls_->death();
  return death && death->counts();
}

void Supervised::give_up() {
  phase_ = Phase::ended;
  state_.activity = Activity::crashed;
  state_.error->message =
      "died " + std::to_string(deaths_) + " times without progress: " + state_.error->message;
  log_.write(LogLevel::error, name(),
             "crashed: " + state_.error->message + "; `processor resume " + name() +
                 "` or the next start of the host tries again");
  if (auto written = write_verdict(setup_.spec.host_directory, {Activity::crashed, *state_.error});
      !written) {
    log_.write(LogLevel::error, name(), written.error().message);
  }
  on_change_();
}

// A look a second costs nothing to speak of, and happens only while the processor is busy: it says when it
// waits.
void Supervised::look_later() {
  auto interval = std::min<std::chrono::milliseconds>(std::chrono::seconds(1), timeout() / 2);
  if (const auto& cpu_time = setup_.spec.allowance.cpu_time) interval = std::min(interval, *cpu_time / 2);
  look_timer_ = reactor_.after(std::max(interval, std::chrono::milliseconds(1)), [this] { look(); });
}

void Supervised::look() {
  const auto call = calls_->look(system_clock().now(), worker_->cpu_time());
  if (!call) {
    if (state_.activity == Activity::hanging) {
      state_.activity = Activity::running;
      state_.error = std::exchange(error_beside_hang_, std::nullopt);
      on_change_();
    }
    return look_later();
  }
  const bool migrates = call->call && static_cast<Stage>(call->call->stage) == Stage::migrate;
  if (call->is_certain && !migrates) {
    const auto& cpu_time = setup_.spec.allowance.cpu_time;
    if (call->taken >= timeout()) return kill_in_call("", ProcessEnd::Kind::timed_out, timeout());
    if (cpu_time && call->cpu_time >= cpu_time) {
      return kill_in_call(" of CPU time", ProcessEnd::Kind::over_cpu_time, *cpu_time);
    }
  }
  if (call->is_certain && call->taken >= hanging_after && state_.activity == Activity::running) {
    state_.activity = Activity::hanging;
    error_beside_hang_ = std::exchange(state_.error, hang(*call));
    log_.write(LogLevel::warning, name(),
               in_words(call->call) + " has taken over " + format_duration(hanging_after));
    on_change_();
  }
  look_later();
}

}  // namespace aludel
