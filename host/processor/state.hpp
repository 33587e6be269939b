// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "plugin/description.hpp"

namespace aludel {

/// What a processor is doing; the words of `aludel status`.
enum class Activity {
  running,       ///< working off events
  waiting,       ///< at the tip
  retrying,      ///< between two attempts at an event, or at bringing the handler up, or until its folder is
                 ///< free or its time to begin has come; ProcessorState::error says why and until when
  tripped,       ///< its breaker is open: so much has failed that it tries nothing until then
  paused,        ///< by the operator
  stopped,       ///< by its strategy or a fatal outcome; ProcessorState::error says why
  diverged,      ///< its projection does not belong to this log
  expired,       ///< the events that it was to handle next were dropped from the log
  refused,       ///< the plugin, its config or its projection cannot be used
  crashed,       ///< its process died too often without progress
  hanging,       ///< one call has taken over 10 s
  offline,       ///< nothing runs it now
  unconfigured,  ///< its directory is there, no config names it
};

[[nodiscard]] std::string_view to_string(Activity activity);

/// Whether it goes on by itself, at a time that is told: `retrying`, `tripped`.
[[nodiscard]] bool is_wait(Activity activity);

/// Why a processor stands still.
struct ProcessorError {
  std::optional<std::uint64_t> event_id;
  std::int64_t since_ns = 0;  ///< wall clock: when it failed last; 0: nobody has noted that
  std::uint32_t attempt = 0;  ///< of that event, from 1; 0 if no event is at fault
  std::string outcome;        ///< "retry", "fail", "fatal", or "host" for what no handler reported
  std::string stage;          ///< "open", "create" ... "flush", "commit", or "read" for the log
  std::string code;
  std::string message;
  std::string detail_json = {};                            ///< what the handler said beside; empty: nothing
  std::int64_t first_failed_ns = 0;                        ///< of that event; 0 if none is at fault
  std::optional<std::int64_t> next_try_ns = std::nullopt;  ///< wall clock; only between two attempts
};

/// What happened, for people: "event 4711: insufficient_funds: balance 120, withdrawal 500".
[[nodiscard]] std::string describe(const ProcessorError& error);

/// A processor as it shows itself. All but `activity` and `up` is durable in its projection.
struct ProcessorState {
  Activity activity = Activity::offline;
  bool up = false;  ///< this process has brought its handler up: created, migrated, started
  std::string handler_id;
  std::string handler_version;
  /// The cursor, exclusive: the first event it is not done with. Of a processor that waits, passed events
  /// that no handler wants are counted in before they are saved.
  std::uint64_t next = 0;
  std::uint64_t handled = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t expired = 0;        ///< events that were dropped before it came to them; as files say
  std::uint64_t emits_pending = 0;  ///< emitted events that are not in the log for certain; as files say
  std::uint64_t commands_kept = 0;  ///< given, but not applied yet, or not to the end; as files say
  std::vector<Subscription> subscriptions = {};  ///< of the handler that was up last; empty: none was
  std::optional<std::int64_t> paused_ns = {};    ///< since when it is paused, wall clock; as files say
  /// Why it stands still; kept when it is started again, until it is past the event (or up, if none is
  /// named).
  std::optional<ProcessorError> error;
};

/// What a processor's directory says of it, whoever runs it or nobody: `stopped`, `diverged`, `expired` or
/// `refused` with the durable reason, else `offline`. Changes nothing.
/// @param time_max of the look at its tables, and of the one at its commands
/// @return not_found: there is no projection yet; timed_out, corrupt, io
[[nodiscard]] Result<ProcessorState> read_state(const std::filesystem::path& directory,
                                                std::chrono::milliseconds time_max = limits::look_time_max);

}  // namespace aludel
