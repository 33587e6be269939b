// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "policy/allowance.hpp"
#include "policy/breaker.hpp"
#include "policy/error_policy.hpp"
#include "policy/replay.hpp"
#include "processor/relay.hpp"
#include "processor/standstill.hpp"
#include "processor/start_position.hpp"
#include "processor/state.hpp"

namespace aludel {

/// One configured instance of a handler at work: reads the log after its cursor, hands each subscribed event
/// to the handler, and commits what the handler wrote together with the cursor, a batch at a time
/// (docs/architecture.md, "A processor").
///
/// Self-contained: it owns its directory (`projection.db`, `control.db`, `page`, `lock`), and nothing but the
/// log is shared. It runs on the thread that calls `run`, in a child of the host or in the host itself.
class Processor {
 public:
  /// What a run is for.
  enum class Start {
    again,          ///< to work, and to try again whatever it stood still for
    as_it_was,      ///< to apply commands, and to go on as it was: one that stands still stays so
    commands_only,  ///< to apply commands, and to end
  };

  struct Options {
    std::string name;
    std::filesystem::path directory;  ///< DATA/processors/<name>; exists
    std::string config_json = "{}";
    std::vector<Subscription> types = {};  ///< narrows the handler's subscriptions; empty: all of them
    std::uint64_t batch_size = limits::batch_size_default;  ///< 1 to limits::batch_size_max
    ErrorPolicy error_policy = {};
    ReplayPolicy replay = {};  ///< of dead letters, without an order
    Start start = Start::again;
    StartAt start_at = {};  ///< for a new processor; what comes of it is kept
    /// What its host has found out: it stands still for that, unless it is to try again.
    std::optional<Standstill> verdict = {};
    Allowance allowance = {};
    std::string death_output = {};  ///< what the process wrote last that died at an event before this one
    std::optional<BreakerPolicy> breaker = {};  ///< nothing: there is none
  };

  /// Makes the handler's instance once the projection is open; and another one when `create` asks to be
  /// called again.
  using MakeInstance = std::function<Result<std::unique_ptr<Instance>>(Instance::Context)>;

  /// Told on the thread of `run` whenever the state changes; never once an event.
  using OnState = std::function<void(const ProcessorState&)>;

  struct Environment {
    EventReader& log;
    MakeInstance make_instance;
    HandlerLog& handler_log;
    OnState on_state;
    const Clock& clock;
    Appender* appender = nullptr;  ///< for what is emitted; null: it waits in the outbox
  };

  /// Takes the lock, opens or makes the projection, makes the instance, and checks that the projection
  /// belongs to this handler and this log. What cannot be served is a state, not an error: `run` returns at
  /// once then, with the reason durable where the projection could be opened.
  /// @return locked: another process owns the processor (its pid is named); io, corrupt: the directory cannot
  /// be used
  static Result<std::unique_ptr<Processor>> open(Options options, Environment environment);

  virtual ~Processor() = default;

  /// Applies the operator's commands, brings the handler up (create, migrate, start), then works until `stop`
  /// is raised (then to the next event boundary, commits, and returns), or until the strategy, a command or a
  /// failure of the environment stops it. A nudge makes it look for commands at the next event boundary.
  /// Once.
  /// @return the state it ended in, which was told last: offline (asked to stop), paused, stopped, diverged,
  ///   expired, refused; retrying: its time to begin has not come, and it is to be opened again then
  virtual ProcessorState run(const Interrupt& stop) = 0;
};

}  // namespace aludel
