// SPDX-License-Identifier: MIT
#include "runtime/supervised.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/limits.hpp"
#include "policy/backoff.hpp"
#include "processor/projection.hpp"
#include "runtime/verdict.hpp"

namespace aludel {

namespace {

constexpr auto hanging_after = std::chrono::seconds(10);

// For a reason that outlasts its process.
bool stands_still(Activity activity) {
  return activity == Activity::stopped || activity == Activity::diverged || activity == Activity::refused;
}

std::string_view last_line(std::string_view output) {
  while (!output.empty() && output.back() == '\n')
    output.remove_suffix(1);
  return output.substr(output.rfind('\n') + 1);
}

// "handle of event 7", "create"
std::string in_words(const InFlightPage::Call& call) {
  const std::string stage(to_string(static_cast<Stage>(call.stage)));
  return call.attempt == 0 ? stage : stage + " of event " + std::to_string(call.event_id);
}

}  // namespace

Supervised::Supervised(Reactor& reactor, const HostLog& log, Setup setup, std::function<void()> on_change)
    : reactor_(reactor),
      log_(log),
      setup_(std::move(setup)),
      on_change_(std::move(on_change)),
      is_new_(!std::filesystem::exists(projection_link(setup_.spec.directory))) {
  state_.handler_id = setup_.spec.handler;
  state_.handler_version = setup_.spec.handler_version;
}

void Supervised::start() {
  remove_verdict(setup_.spec.directory);
  launch();
}

void Supervised::launch() {
  pause_.reset();
  phase_ = Phase::at_work;
  state_.activity = Activity::running;
  timed_out_ = false;
  call_sequence_ = 0;
  auto worker = setup_.start_worker(
      setup_.spec, {[this](const ProcessorState& state) { on_state(state); },
                    [this](LogLevel level, std::string_view line) { log_.write(level, name(), line); },
                    [this](Worker::Ended ended) { on_end(std::move(ended)); }});
  if (!worker) return died({std::nullopt, worker.error().message, {}});
  worker_ = std::move(*worker);
  look_later();
  on_change_();
}

void Supervised::stop(std::chrono::milliseconds patience) {
  stopping_ = true;
  if (phase_ == Phase::pausing) return finish(state_);
  if (phase_ == Phase::ended) return;
  worker_->stop();
  pause_ = reactor_.after(patience, [this, patience] { kill_stuck(patience); });
}

void Supervised::kill_stuck(std::chrono::milliseconds patience) {
  if (const auto call = call_in_flight()) stuck_in_ = in_words(*call);
  log_.write(LogLevel::warning, name(),
             "did not stop within " + format_duration(patience) +
                 (stuck_in_.empty() ? "" : ", in " + stuck_in_) + "; it is killed");
  kill();
}

void Supervised::kill() {
  if (worker_) worker_->kill();
}

void Supervised::on_state(const ProcessorState& state) {
  state_ = state;
  if (state.activity == Activity::waiting) {
    look_timer_.reset();
  } else if (!look_timer_) {
    look_later();
  }
  on_change_();
}

void Supervised::on_end(Worker::Ended ended) {
  look_timer_.reset();
  worker_.reset();
  if (ended.state && (stopping_ || ended.state->activity != Activity::offline)) return finish(*ended.state);
  if (!stopping_) return died(ended);
  finish(state_);
}

void Supervised::finish(const ProcessorState& state) {
  pause_.reset();
  phase_ = Phase::ended;
  state_ = state;
  if (!stands_still(state_.activity)) state_.activity = Activity::offline;
  if (stands_still(state_.activity) && state_.error) {
    log_.write(LogLevel::error, name(),
               std::string(to_string(state_.activity)) + ": " + describe(*state_.error));
  }
  if (state_.activity == Activity::refused && is_new_) {
    std::error_code ignored;
    std::filesystem::remove_all(setup_.spec.directory, ignored);
  }
  on_change_();
}

// What the plugin is doing, or was doing when its process died.
std::optional<InFlightPage::Call> Supervised::call_in_flight() const {
  const auto page = InFlightPage::view(setup_.spec.directory / "page");
  if (!page) return std::nullopt;
  const auto call = (*page)->read();
  return call && call->stage != 0 ? call : std::nullopt;
}

// Which event it was at when it died, by its page; what ended it; what it said last.
ProcessorError Supervised::death(const Worker::Ended& ended) const {
  ProcessorError error;
  error.since_ns = system_clock().wall_ns();
  error.outcome = "host";
  error.code = timed_out_ ? "timed_out" : "crashed";
  error.message =
      timed_out_ ? "a call took over " + format_duration(setup_.timeout) + " and was killed" : ended.how;
  if (const auto call = call_in_flight()) {
    error.stage = to_string(static_cast<Stage>(call->stage));
    error.message += " in " + in_words(*call);
    error.attempt = call->attempt;
    if (call->attempt != 0) error.event_id = call->event_id;
  }
  const auto line = last_line(ended.last_output);
  if (!line.empty()) error.message += "; it wrote last: " + std::string(line);
  return error;
}

void Supervised::died(const Worker::Ended& ended) {
  const auto durable = read_state(setup_.spec.directory);
  const auto next = durable ? std::optional(durable->next) : std::nullopt;
  if (durable) state_ = *durable;
  if (deaths_ > 0 && next > next_at_death_) deaths_ = 0;
  next_at_death_ = next;
  ++deaths_;
  state_.error = death(ended);
  if (deaths_ >= limits::deaths_without_commit_max) return give_up();

  phase_ = Phase::pausing;
  state_.activity = Activity::retrying;
  const auto delay = delay_after(Backoff{}, deaths_);
  log_.write(LogLevel::error, name(),
             state_.error->message + "; it is started again in " + format_duration(delay));
  pause_ = reactor_.after(delay, [this] { launch(); });
  on_change_();
}

void Supervised::give_up() {
  phase_ = Phase::ended;
  state_.activity = Activity::crashed;
  state_.error->message =
      "died " + std::to_string(deaths_) + " times without progress: " + state_.error->message;
  log_.write(LogLevel::error, name(),
             "crashed: " + state_.error->message + "; it stays down until the next start");
  if (auto written = write_verdict(setup_.spec.directory, {Activity::crashed, *state_.error}); !written) {
    log_.write(LogLevel::error, name(), written.error().message);
  }
  on_change_();
}

// A look a second costs nothing to speak of, and happens only while the processor is busy: it says when it
// waits.
void Supervised::look_later() {
  const auto interval = std::min<std::chrono::milliseconds>(std::chrono::seconds(1), setup_.timeout / 2);
  look_timer_ = reactor_.after(std::max(interval, std::chrono::milliseconds(1)), [this] { look(); });
}

void Supervised::look() {
  const auto call = call_in_flight();
  const auto now = system_clock().now();
  if (!call || call->sequence != call_sequence_) {
    call_sequence_ = call ? call->sequence : 0;
    call_seen_ = now;
    if (state_.activity == Activity::hanging) {
      state_.activity = Activity::running;
      on_change_();
    }
    return look_later();
  }
  const auto taken = now - call_seen_;
  if (taken >= setup_.timeout && static_cast<Stage>(call->stage) != Stage::migrate) {
    timed_out_ = true;
    return kill();
  }
  if (taken >= hanging_after && state_.activity == Activity::running) {
    state_.activity = Activity::hanging;
    log_.write(LogLevel::warning, name(), "one call has taken over " + format_duration(hanging_after));
    on_change_();
  }
  look_later();
}

}  // namespace aludel
