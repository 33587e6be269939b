// SPDX-License-Identifier: MIT
#include "processor/state_teller.hpp"

#include "base/limits.hpp"

namespace aludel {

void StateTeller::tell(Activity activity) {
  state_.activity = activity;
  told_next_ = state_.next;
  if (listener_) listener_(state_);
}

void StateTeller::running() {
  if (state_.activity != Activity::running) tell(Activity::running);
}

std::optional<std::chrono::nanoseconds> StateTeller::waiting(std::uint64_t next, Time now) {
  if (state_.activity == Activity::waiting && told_next_ == next) return std::nullopt;
  if (waiting_told_at_) {
    const auto due = *waiting_told_at_ + limits::waiting_told_interval;
    if (now < due) return due - now;
  }
  waiting_told_at_ = now;
  state_.next = next;
  tell(Activity::waiting);
  return std::nullopt;
}

void StateTeller::retrying(const ProcessorError& error, Activity activity) {
  state_.error = error;
  tell(activity);
}

void StateTeller::committed(const Cursor& cursor, bool failing) {
  state_.next = cursor.position.next;
  state_.handled = cursor.handled;
  state_.skipped = cursor.skipped;
  state_.dead_letters = cursor.dead_letters;
  if (!state_.error || failing) return;
  state_.error.reset();
  tell(state_.activity);
}

}  // namespace aludel
