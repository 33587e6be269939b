// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/event.hpp"
#include "plugin/call_errors.hpp"
#include "plugin/emission.hpp"
#include "plugin/sql_session.hpp"

namespace aludel {

/// The events that one instance was given since the last commit, and what they emitted: what the host
/// function emit does, and what it is held to.
///
/// Results are those of plugin.h; an error is recorded in `errors`. One thread at a time.
class Emissions {
 public:
  /// @param sink null: this instance cannot emit. @param events_max of one event handled. All outlive this
  Emissions(EmitSink* sink, CallErrors& errors, std::uint32_t events_max)
      : sink_(sink), errors_(errors), events_max_(events_max) {}

  /// The event goes to `handle` next. @param flags ALUDEL_CALL_*
  void deliver(const Event& event, std::uint32_t flags);
  /// flush() succeeded: unless all is undone, the next event begins a new batch.
  void flushed() { starts_anew_ = true; }
  /// All from `id` on is undone.
  void undo(std::uint64_t id);
  /// Whether the event is one of the batch.
  [[nodiscard]] bool contains(std::uint64_t id) const;

  /// @param cause the event's id; nothing: the one delivered last
  std::int32_t emit(const aludel_new_event& event, std::optional<std::uint64_t> cause, SqlSession& sql);

 private:
  // An event as a cause.
  struct Delivered {
    std::uint64_t id;
    std::int64_t time_ns;
    std::uint64_t bytes;   // emitted
    std::uint32_t events;  // emitted
    std::uint32_t depth;
    bool in_vain;  // in a rebuild or a dry run
  };

  [[nodiscard]] std::vector<Delivered>::const_iterator find(std::uint64_t id) const;
  std::int32_t check_texts(const aludel_new_event& event);
  std::int32_t check_name(const char* what, std::string_view text);
  std::int32_t check_limits(const Delivered& cause, std::uint64_t size);

  EmitSink* sink_;
  CallErrors& errors_;
  const std::uint32_t events_max_;
  std::vector<Delivered> delivered_;  // ids ascending
  bool starts_anew_ = false;
};

}  // namespace aludel
