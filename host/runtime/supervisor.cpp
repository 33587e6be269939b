// SPDX-License-Identifier: MIT
#include "runtime/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace aludel {

Supervisor::Supervisor(const EventReader& log, const HostLog& host_log)
    : log_(log),
      host_log_(host_log),
      signals_(reactor_.on_signals({SIGINT, SIGTERM}, [this](int) { on_signal(); })) {}

void Supervisor::add(Supervised::Setup setup) {
  processors_.push_back(
      std::make_unique<Supervised>(reactor_, host_log_, std::move(setup), [this] { on_change(); }));
}

Supervisor::End Supervisor::run(std::optional<Drain> drain) {
  drain_ = drain;
  std::unique_ptr<Reactor::Handle> limit;
  if (drain_ && drain_->timeout) {
    limit = reactor_.after(*drain_->timeout, [this] { on_time_up(); });
  }
  for (const auto& processor : processors_)
    processor->start();
  on_change();  // there may be none
  reactor_.run();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  answered_.notify_all();
  if (drain_) judge_drain();
  signals_.reset();
  return std::exchange(end_, {});
}

// That it was at the tip was its process's word: its projection must say so too, and does once it has ended.
void Supervisor::judge_drain() {
  for (const auto& processor : processors_) {
    const auto same_name = [&](const auto& behind) { return behind.name == processor->name(); };
    const auto behind = std::find_if(end_.behind.begin(), end_.behind.end(), same_name);
    if (behind != end_.behind.end()) {
      behind->stuck_in = processor->stuck_in();
    } else if (!processor->has_come_to(drained_to_)) {
      end_.behind.push_back({processor->name(), processor->state(), processor->stuck_in()});
    }
  }
}

void Supervisor::on_signal() {
  end_.signalled = true;
  if (!stopping_) return stop_all(limits::stop_time_max);
  host_log_.write(LogLevel::warning, {}, "a second signal: what still runs is killed");
  for (const auto& processor : processors_)
    processor->kill();
  signals_.reset();
}

void Supervisor::on_time_up() {
  if (!stopping_) end_.timed_out = true;
  stop_all(limits::late_stop_time_max);
}

void Supervisor::stop_all(std::chrono::milliseconds patience) {
  if (std::exchange(stopping_, true)) return;
  if (drain_) {
    drained_to_ = log_.tip();
    for (const auto& processor : processors_) {
      if (!at_tip(*processor)) end_.behind.push_back({processor->name(), processor->state(), {}});
    }
  }
  for (const auto& processor : processors_)
    processor->stop(patience);
  on_change();
}

bool Supervisor::at_tip(const Supervised& processor) const {
  const auto& state = processor.state();
  return state.activity == Activity::waiting && state.next >= log_.tip();
}

// A state has changed: is there anything left to do? Asked on the next turn of the loop, since this may be
// called from within a call to a processor.
void Supervisor::on_change() {
  publish();
  reactor_.post([this] {
    const auto ended = [](const auto& processor) { return processor->ended(); };
    // What one that was put off waits for may never come: only a drain that has a limit waits for it too.
    const auto settled = [this](const auto& processor) {
      return processor->ended() || at_tip(*processor) || (processor->put_off() && !drain_->timeout);
    };
    if (drain_ && !stopping_ && std::all_of(processors_.begin(), processors_.end(), settled)) {
      stop_all(limits::stop_time_max);
    }
    if (stopping_ && std::all_of(processors_.begin(), processors_.end(), ended)) reactor_.stop();
  });
}

void Supervisor::publish() {
  LiveStates states;
  for (const auto& processor : processors_)
    states.emplace(processor->name(), processor->state());
  const std::lock_guard lock(mutex_);
  live_ = std::move(states);
}

// The list does not change once it runs; its processors are the reactor's.
Supervised* Supervisor::find(std::string_view name) const {
  for (const auto& processor : processors_) {
    if (processor->name() == name) return processor.get();
  }
  return nullptr;
}

bool Supervisor::nudge(std::string_view name, Nudge why) {
  auto* const processor = find(name);
  if (processor != nullptr) reactor_.post([processor, why] { processor->nudge(why); });
  return processor != nullptr;
}

Result<Reloaded> Supervisor::reload(ProcessorSpec spec) {
  auto* const processor = find(spec.name);
  if (processor == nullptr) return Error(ErrorCode::not_found, "there is no processor \"" + spec.name + "\"");
  // Owned by this call and by the answer, which may come when nobody waits for it any more.
  const auto answer = std::make_shared<std::optional<Result<Reloaded>>>();
  reactor_.post([this, processor, answer, s = std::move(spec)] {
    processor->reload(s, [this, answer](Result<Reloaded> reloaded) {
      const std::lock_guard lock(mutex_);
      *answer = std::move(reloaded);
      answered_.notify_all();
    });
  });
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return answer->has_value() || ended_; });
  if (*answer) return std::move(**answer);
  return Error(ErrorCode::stopped, "the host ends");
}

LiveStates Supervisor::live() const {
  const std::lock_guard lock(mutex_);
  return live_;
}

}  // namespace aludel
