// SPDX-License-Identifier: MIT
#include "log/append_queue.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/os/futex.hpp"

namespace aludel {

AppendQueue::Reservation AppendQueue::reserve(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return bytes_ == 0 || bytes_ + bytes <= bytes_max_; });
  bytes_ += bytes;
  return {*this, bytes};
}

void AppendQueue::release(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
  }
  room_.notify_all();
}

void AppendQueue::submit(PendingAppend& append) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&append);
    if (!led_) {
      led_ = true;
      append.state_.store(PendingAppend::leading, std::memory_order_relaxed);
    }
  }
  wait_for_turn(append);
  if (append.state_.load(std::memory_order_acquire) == PendingAppend::leading) lead(append);
}

void AppendQueue::wait_for_turn(PendingAppend& append) {
  while (append.state_.load(std::memory_order_acquire) == PendingAppend::waiting) {
    os::futex_wait(append.state_, PendingAppend::waiting, os::Scope::process);
  }
}

void AppendQueue::wake(PendingAppend& append, PendingAppend::State state) {
  append.state_.store(state, std::memory_order_release);
  // Its thread may be gone by now, and the word with it: the wake then does nothing, or wakes a stranger who
  // looks again.
  os::futex_wake(append.state_, 1, os::Scope::process);
}

// Without memory a leader could neither commit nor hand the lead on, and all would wait for ever: then the
// process ends, and recovery does what is left.
void AppendQueue::lead(PendingAppend& own) noexcept {
  std::vector<PendingAppend*> group;
  {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(queue_.size(), limits::log_group_appends_max);
    group.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  const auto dealt_with = commit_(group);
  ALUDEL_ASSERT(dealt_with > 0 && group.front() == &own);
  group.resize(dealt_with);
  PendingAppend* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(dealt_with));
    if (queue_.empty()) {
      led_ = false;
    } else {
      next = queue_.front();
    }
  }
  if (next != nullptr) wake(*next, PendingAppend::leading);
  for (auto* append : group) {
    if (append != &own) wake(*append, PendingAppend::done);
  }
}

}  // namespace aludel
