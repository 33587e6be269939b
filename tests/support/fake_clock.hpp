// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace aludel {

/// Time that stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ns() const override { return wall_at_start_ + now_.count(); }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    ++looks_;
    return std::chrono::steady_clock::time_point(now_);
  }
  void advance(std::chrono::nanoseconds by) { now_ += by; }
  /// The wall clock is set, as an administrator may; `now` goes on.
  void set_wall(std::int64_t ns) { wall_at_start_ = ns - now_.count(); }
  /// How often `now` was asked.
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  std::chrono::nanoseconds now_{0};
  std::int64_t wall_at_start_ = 1'000'000'000;
  mutable std::uint64_t looks_ = 0;
};

}  // namespace aludel
