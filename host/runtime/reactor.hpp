// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>

#include "base/result.hpp"

namespace aludel {

/// An event loop on one thread: descriptors, timers, signals, and calls from elsewhere. Idle it blocks in the
/// kernel and uses no CPU. Boost.Asio stays behind it.
///
/// Callbacks run on the thread of `run`, one after the other. A handle may be destroyed in any callback, also
/// its own: nothing of it is called afterwards. All handles end before the reactor.
class Reactor {
 public:
  using Callback = std::function<void()>;

  /// What is waited for, as long as this lives.
  class Handle {
   public:
    virtual ~Handle() = default;
  };

  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Calls as long as the descriptor is readable (or at its end). Works on a duplicate: the caller's may be
  /// closed.
  /// @return limit: no descriptor is free; memory, io
  [[nodiscard]] Result<std::unique_ptr<Handle>> watch(int descriptor, Callback on_readable);
  /// Calls once.
  [[nodiscard]] std::unique_ptr<Handle> after(std::chrono::milliseconds delay, Callback on_time);
  /// Calls for each of these signals that arrives from now on; as long as this lives they do not end the
  /// process.
  [[nodiscard]] std::unique_ptr<Handle> on_signals(std::initializer_list<int> signals,
                                                   std::function<void(int)> on_signal);
  /// Calls soon. Any thread.
  void post(Callback callback);

  /// Works until `stop`.
  void run();
  /// Any thread.
  void stop();

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace aludel
