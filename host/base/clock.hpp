// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace aludel {

/// Time, as a seam: tests bring their own. Any thread may call.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall-clock time, nanoseconds since 1970-01-01T00:00:00Z. May jump; for timestamps only.
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  /// Never goes back; for delays and deadlines.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;

 protected:
  Clock() = default;
  Clock(const Clock&) = default;
  Clock& operator=(const Clock&) = default;
};

/// The machine's clocks.
[[nodiscard]] const Clock& system_clock();

}  // namespace aludel
