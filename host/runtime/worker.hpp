// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "plugin/instance.hpp"
#include "processor/death.hpp"
#include "processor/state.hpp"
#include "runtime/processor_spec.hpp"
#include "runtime/reactor.hpp"
#include "runtime/relay_channel.hpp"

namespace aludel {

/// A processor at work, somewhere: what its supervisor sees of it. Calls and callbacks on the reactor's
/// thread; may be destroyed in any callback.
class Worker {
 public:
  struct Ended {
    std::optional<ProcessorState> state;  ///< as the processor reported it; nothing: it died
    std::string how;                      ///< "killed by signal 11 (Segmentation fault)"
    std::string last_output;              ///< the end of what it wrote to stdout and stderr
    ProcessEnd end = {};                  ///< of a process of its own
  };

  struct Events {
    std::function<void(const ProcessorState&)> on_state;
    std::function<void(LogLevel, std::string_view, LogOrigin)> on_log;
    std::function<void(Ended)> on_end;  ///< once, as the last
  };

  virtual ~Worker() = default;
  /// Of the process that it runs in.
  [[nodiscard]] virtual int pid() const = 0;
  /// What its process has used of processors so far; nothing where that says nothing of it alone.
  [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> cpu_time() const = 0;
  /// Asks it to end at the next event boundary.
  virtual void stop() = 0;
  /// Makes it look for commands at the next event boundary.
  virtual void nudge() = 0;
  /// Ends it now. What it had not committed is undone by its next start.
  /// @param call which it is in, in words, for what ends with its host; empty: none that is known
  virtual void kill(const std::string& call) = 0;
};

/// Starts the processor in a child: `program` (this one) with `processor_command`.
/// @param relays which take its emitted events, outlive the worker; null: for a child that only applies
/// commands
[[nodiscard]] Result<std::unique_ptr<Worker>> start_child_worker(Reactor& reactor, const ProcessorSpec& spec,
                                                                 const std::filesystem::path& program,
                                                                 RelayServers* relays, Worker::Events events);

/// Starts the processor on a thread of this process. `kill` ends this process, as a thread cannot be.
/// @param gate which its emitted events go through, outlives the worker
[[nodiscard]] std::unique_ptr<Worker> start_thread_worker(Reactor& reactor, const ProcessorSpec& spec,
                                                          RelayGate& gate, Worker::Events events);

/// The hidden command that makes a program a processor's child: `main` hands over to `run_child` when argv[1]
/// is this.
inline constexpr const char* processor_command = "__processor";
/// The socket to the host, in the child.
inline constexpr int processor_descriptor = 3;
/// The socket for emitted events, in the child.
inline constexpr int relay_descriptor = 4;

/// The child's side: a `ProcessorSpec` comes over descriptor 3, messages go back. Leaves by _exit; returns
/// only the exit status for wrong usage.
int run_child();

}  // namespace aludel
