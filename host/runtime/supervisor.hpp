// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "log/event_log.hpp"
#include "processor/state.hpp"
#include "runtime/host_log.hpp"
#include "runtime/reactor.hpp"
#include "runtime/supervised.hpp"

namespace aludel {

/// What processors do at this moment, by name.
using LiveStates = std::map<std::string, ProcessorState, std::less<>>;

/// Runs processors side by side until a signal, or, draining, until each has caught up or stands still. None
/// holds up another.
class Supervisor {
 public:
  struct Drain {
    /// None: however long it takes, but not for one that was put off.
    std::optional<std::chrono::milliseconds> timeout;
  };

  /// One that a drain left short of the tip.
  struct Behind {
    std::string name;
    ProcessorState state;  ///< when the drain ended, before it was asked to stop
    std::string stuck_in;  ///< the call that it was killed in, as it did not stop; else empty
  };

  struct End {
    bool signalled = false;
    bool timed_out = false;      ///< draining only: its time was up first
    std::vector<Behind> behind;  ///< draining only
  };

  /// From now on SIGINT and SIGTERM are kept for `run`, which is called once.
  /// @param log whose tip the processors are to reach  @param host_log outlives this
  Supervisor(const EventReader& log, const HostLog& host_log);

  /// Before `run`.
  void add(Supervised::Setup setup);
  [[nodiscard]] Reactor& reactor() { return reactor_; }

  /// Starts all, returns when all have ended. SIGINT and SIGTERM ask for the end at the next event boundary,
  /// a second one kills. From the second one on, and when this returns, a signal ends the process.
  /// @param drain none: runs until a signal
  End run(std::optional<Drain> drain);

  /// Has a processor look (`Supervised::nudge`). Any thread. @return false: there is none of this name
  bool nudge(std::string_view name, Nudge why);

  /// Has a processor go over to another library (`Supervised::reload`), and waits for what comes of it. Any
  /// thread but that of `run`, one at a time.
  /// @param spec names the processor  @return as `ReloadDone`; or stopped: `run` has returned
  Result<Reloaded> reload(ProcessorSpec spec);

  /// Any thread.
  [[nodiscard]] LiveStates live() const;

 private:
  void on_signal();
  void on_time_up();
  void on_change();
  void stop_all(std::chrono::milliseconds patience);
  void publish();
  void judge_drain();
  [[nodiscard]] bool at_tip(const Supervised& processor) const;
  [[nodiscard]] Supervised* find(std::string_view name) const;

  const EventReader& log_;
  const HostLog& host_log_;
  Reactor reactor_;
  std::unique_ptr<Reactor::Handle> signals_;
  std::vector<std::unique_ptr<Supervised>> processors_;

  std::optional<Drain> drain_;
  bool stopping_ = false;
  std::uint64_t drained_to_ = 0;  ///< the log's tip when the drain ended
  End end_;

  mutable std::mutex mutex_;
  LiveStates live_;                   // guarded by mutex_
  bool ended_ = false;                // guarded by mutex_
  std::condition_variable answered_;  // a reload; or all, since it has ended
};

}  // namespace aludel
