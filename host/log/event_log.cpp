// SPDX-License-Identifier: MIT
#include "log/event_log.hpp"

#include <limits>

#include "base/os/futex.hpp"

namespace aludel {

void Interrupt::raise() {
  word_.fetch_or(stop_bit, std::memory_order_acq_rel);
  os::futex_wake(word_, std::numeric_limits<int>::max(), os::Scope::process);
}

void Interrupt::nudge() {
  word_.fetch_or(nudge_bit, std::memory_order_acq_rel);
  os::futex_wake(word_, std::numeric_limits<int>::max(), os::Scope::process);
}

void Interrupt::reset() {
  word_.store(0, std::memory_order_release);
}

}  // namespace aludel
