// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "plugin/instance.hpp"

namespace aludel {

/// Stages as a set of bits.
using StageSet = std::uint32_t;

[[nodiscard]] constexpr StageSet stages() {
  return 0;
}
template <typename... More>
[[nodiscard]] constexpr StageSet stages(Stage first, More... more) {
  return (StageSet{1} << static_cast<std::uint32_t>(first)) | stages(more...);
}
inline constexpr StageSet every_stage = ~StageSet{0};

/// Knows whether a plugin function is running, and on which thread: host functions work only inside it.
/// Opened and closed by the host's thread, asked by any.
class CallGate {
 public:
  void open(Stage stage) {
    stage_ = stage;
    thread_.store(this_thread(), std::memory_order_relaxed);
  }
  void close() {
    thread_.store(nullptr, std::memory_order_relaxed);
    stage_ = Stage::none;
  }

  /// Whether it was opened by the calling thread, and not closed since. Nothing else may be looked at before
  /// this was true: another thread would race with the one that opened.
  [[nodiscard]] bool is_open_here() const { return thread_.load(std::memory_order_relaxed) == this_thread(); }
  [[nodiscard]] Stage stage() const { return stage_; }
  [[nodiscard]] bool is_in(StageSet set) const { return (set & stages(stage_)) != 0; }

 private:
  // The address of a thread-local is a thread's number at the price of a load.
  static const void* this_thread() {
    static thread_local const char mark = 0;
    return &mark;
  }

  std::atomic<const void*> thread_{nullptr};
  Stage stage_ = Stage::none;
};

}  // namespace aludel
