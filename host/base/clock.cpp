// SPDX-License-Identifier: MIT
#include "base/clock.hpp"

namespace aludel {

namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace aludel
