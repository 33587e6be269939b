// SPDX-License-Identifier: MIT
#include "log/event_log.hpp"

#include <limits>

#include "base/os/futex.hpp"

namespace aludel {

void Interrupt::raise() {
  word_.store(1, std::memory_order_release);
  os::futex_wake(word_, std::numeric_limits<int>::max(), os::Scope::process);
}

void Interrupt::reset() {
  word_.store(0, std::memory_order_release);
}

}  // namespace aludel
