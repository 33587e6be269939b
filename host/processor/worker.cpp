// SPDX-License-Identifier: MIT
#include "processor/worker.hpp"

#include <algorithm>
#include <aludel/plugin.h>
#include <utility>

#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr std::uint32_t stride_max = 64;
constexpr auto stride_time = std::chrono::milliseconds(1);

using Nanoseconds = std::chrono::nanoseconds;

}  // namespace

Worker::Worker(EventReader& log, Feed& feed, Batch& batch, Projection& projection, const Clock& clock,
               StateTeller& teller, std::uint64_t batch_size, Strategy strategy)
    : log_(log),
      feed_(feed),
      batch_(batch),
      projection_(projection),
      clock_(clock),
      teller_(teller),
      batch_size_(batch_size),
      strategy_(strategy) {}

std::optional<Standstill> Worker::run(const Interrupt& stop) {
  looked_at_ = saved_at_ = clock_.now();
  rewind();
  while (!ended_ && !stop.raised())
    step(stop);
  if (!ended_) finish(feed_.position());
  return ended_;
}

void Worker::step(const Interrupt& stop) {
  const auto step = feed_.next(event_);
  if (!step) return on_log_error(step.error());
  if (*step == Feed::Step::tip) return at_tip(stop);
  if (*step == Feed::Step::event) on_event(event_);
  keep_time();
}

void Worker::on_event(const Event& event) {
  if (failed_ && event.id == failed_->error.event_id) {
    const auto fault = *std::exchange(failed_, std::nullopt);
    return decide_on(fault);
  }
  if (!batch_.begun()) {
    teller_.running();
    begun_at_ = clock_.now();
    if (auto fault = batch_.begin()) return settle(std::move(*fault));
  }
  const std::uint32_t flags = event.id < redelivered_below_ ? ALUDEL_CALL_REDELIVERY : 0;
  if (auto fault = batch_.deliver(event, flags)) return settle(std::move(*fault));
  const auto size_max = event.id < singly_below_ ? 1 : batch_size_;
  if (batch_.size() >= size_max) finish(feed_.position());
}

// Commits what there is up to `at`, with why the processor stands still behind it.
void Worker::finish(const Position& at, const std::optional<Standstill>& standstill) {
  auto fault = batch_.flush();
  if (!fault) {
    if (!batch_.begun() && at == batch_.cursor().position && !standstill) return;
    fault = batch_.commit(at, standstill);
  }
  if (fault) return settle(std::move(*fault));
  saved_at_ = clock_.now();
  feed_.release();
  if (standstill) {
    ended_ = standstill;
  } else {
    teller_.committed(batch_.cursor(), batch_.stopped_at());
  }
}

void Worker::at_tip(const Interrupt& stop) {
  if (batch_.begun()) return finish(feed_.position());
  const auto now = clock_.now();
  std::optional<Nanoseconds> timeout;
  if (feed_.position() != batch_.cursor().position) {
    const auto due = saved_at_ + limits::idle_progress_interval;
    if (now >= due) return finish(feed_.position());
    timeout = due - now;
  }
  if (const auto due = teller_.waiting(feed_.position().next, now)) {
    timeout = std::min(timeout.value_or(Nanoseconds::max()), *due);
  }
  const auto woken = log_.wait(feed_.position().next, stop, timeout);
  if (!woken) on_log_error(woken.error());
}

void Worker::on_log_error(const Error& error) {
  finish(feed_.position(), Standstill{Activity::stopped, host_error("read", error, clock_.wall_ns())});
}

// Steps take from nanoseconds to a minute: the faster they are, the less often the clock is worth a look.
void Worker::keep_time() {
  if (--steps_left_ > 0) return;
  const auto now = clock_.now();
  stride_ = now - looked_at_ < stride_time ? std::min(stride_ * 2, stride_max) : 1;
  steps_left_ = stride_;
  looked_at_ = now;
  if (ended_) return;
  const auto due =
      batch_.begun() ? begun_at_ + limits::batch_time_max : saved_at_ + limits::idle_progress_interval;
  if (now >= due) finish(feed_.position());
}

void Worker::settle(Fault fault) {
  const bool again = fault.error.event_id && *fault.error.event_id < redelivered_below_;
  const auto end = batch_.end();
  redelivered_below_ = std::max(redelivered_below_, end);
  if (fault.left_nothing) {
    batch_.take_back();
    return decide_on(fault);
  }
  failed_.reset();
  const auto undone = batch_.undo();
  if (!undone)
    return stand_still({Activity::stopped, host_error("rollback", undone.error(), clock_.wall_ns())});
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

void Worker::decide_on(const Fault& fault) {
  const auto action = decide({.kind = fault.kind, .attempt = fault.error.attempt}, strategy_);
  switch (action.kind) {
    case Action::Kind::stop: return finish(feed_.before_event(), Standstill{Activity::stopped, fault.error});
  }
}

void Worker::rewind() {
  const auto sought = feed_.seek(batch_.cursor().position);
  if (!sought) stand_still({Activity::stopped, host_error("read", sought.error(), clock_.wall_ns())});
}

void Worker::stand_still(Standstill standstill) {
  // On a full or broken disk this may fail as well; what made it stand still is told all the same.
  (void)projection_.record(standstill);
  ended_ = std::move(standstill);
}

}  // namespace aludel
