// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "processor/cursor.hpp"
#include "processor/state.hpp"

namespace aludel {

/// Keeps a processor's state, and tells whoever wants to know of changes.
///
/// A processor that keeps up with a slow stream turns from running to waiting and back with each event. So
/// `waiting` is told at most once in limits::waiting_told_interval; `running` at once, since whoever watches
/// for calls that hang relies on it.
class StateTeller {
 public:
  using Listener = std::function<void(const ProcessorState&)>;
  using Time = std::chrono::steady_clock::time_point;

  explicit StateTeller(Listener listener) : listener_(std::move(listener)) {}

  /// To fill in; `tell` makes it known.
  [[nodiscard]] ProcessorState& state() { return state_; }
  void tell(Activity activity);

  void running();
  /// At the tip. @param next the place in the log, saved or not
  /// @return after what time to call again, if it is too early to tell
  std::optional<std::chrono::nanoseconds> waiting(std::uint64_t next, Time now);
  /// Between two attempts, because of `error`. @param activity which wait it is
  void retrying(const ProcessorError& error, Activity activity = Activity::retrying);
  /// The cursor has moved. @param failing whether the event that an earlier standstill is about is still to
  /// come
  void committed(const Cursor& cursor, bool failing);

 private:
  Listener listener_;
  ProcessorState state_;
  std::uint64_t told_next_ = 0;
  std::optional<Time> waiting_told_at_;
};

}  // namespace aludel
