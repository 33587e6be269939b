// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "base/limits.hpp"
#include "processor/processor.hpp"
#include "processor/state.hpp"
#include "runtime/call_watch.hpp"
#include "runtime/host_log.hpp"
#include "runtime/processor_log.hpp"
#include "runtime/processor_spec.hpp"
#include "runtime/reactor.hpp"
#include "runtime/reload.hpp"
#include "runtime/worker.hpp"

namespace aludel {

/// What a processor is to look for.
enum class Nudge {
  drop,     ///< whether the log has dropped what it was to handle next
  command,  ///< commands, too
};

/// One processor under supervision: started, watched, started again when it dies, given up when it dies too
/// often without progress. On the reactor's thread.
///
///   start ─▶ at work ─▶ ended (stopped, diverged, expired, refused, offline)
///              │  ▲
///        died  ▼  │ at once, or after a pause that grows
///            pausing ─▶ ended (crashed)
///
/// A death that has brought it on is no reason to pause: the event that it died at has failed by that, as the
/// next start writes down first.
///
/// One that ends as `retrying` is put off: another process holds its folder, or its start is in the future.
/// It is started again, too, without an end; that is no death.
///
/// Each of these is bounded, and what takes longer is killed: from the launch to the first state, a call of
/// the plugin, from the last state to the end. The last state stands, whatever ends the process after it.
/// What cannot be launched for want of resources is no death: it is tried until it can be.
///
/// One that only applies commands ends `offline`, or in the state that it stood still in, once it has.
///
/// A reload is an end asked for and a start with another library, which is on trial until its handler is up,
/// or stands still for what is not its fault. If it fails before, the former library is started again, unless
/// the new one has brought the tables to a version that the former may not know.
class Supervised {
 public:
  struct Setup {
    ProcessorSpec spec;  ///< `start` is `again` or `commands_only`
    /// Starts a worker; how is the caller's.
    std::function<Result<std::unique_ptr<Worker>>(const ProcessorSpec&, Worker::Events)> start_worker;
    /// This host has made the processor's folders: if it is refused before anything is committed, they go
    /// again.
    bool made_folder = false;
  };

  /// @param on_change called after each change of what the functions below tell
  Supervised(Reactor& reactor, const HostLog& log, Setup setup, std::function<void()> on_change);

  void start();
  /// Asks for the end at the next event boundary; kills after `patience`.
  void stop(std::chrono::milliseconds patience = limits::stop_time_max);
  void kill();
  /// Has it look, wherever it is: one that has ended is started for that, and stays as it was if neither
  /// commands nor the log say otherwise.
  void nudge(Nudge why);
  /// Goes over to another library. One that stands still is started with it, and tries again whatever that
  /// was for. Not while another reload is under way. @param spec of this processor, as a host would start it
  /// with that library
  void reload(ProcessorSpec spec, ReloadDone done);

  /// Any thread.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool ended() const { return phase_ == Phase::ended; }
  /// It waits for what is neither its own nor this host's to bring about: it may never come.
  [[nodiscard]] bool put_off() const { return phase_ == Phase::put_off; }
  /// Its last word, with what the host knows better: hanging, crashed, pausing after a crash.
  [[nodiscard]] const ProcessorState& state() const { return state_; }
  /// Whether it is done, durably, with all events below `tip`.
  [[nodiscard]] bool has_come_to(std::uint64_t tip) const;
  /// The call that it was killed in, as it did not stop in time: "handle of event 7". Else empty.
  [[nodiscard]] const std::string& stuck_in() const { return stuck_in_; }

 private:
  enum class Phase { at_work, pausing, put_off, ended };

  /// What commits move forward: the cursor, and the attempts at the event behind it.
  struct Progress {
    std::uint64_t next = 0;
    std::uint32_t attempts = 0;

    [[nodiscard]] bool is_beyond(const Progress& other) const {
      return std::tie(next, attempts) > std::tie(other.next, other.attempts);
    }
  };

  /// A reload that is under way.
  struct Reload {
    enum class Stage { leaving, trial, back };
    ProcessorSpec other;  ///< the new one; from the trial on the former
    ReloadDone done;
    std::chrono::steady_clock::time_point ordered_at;
    Stage stage = Stage::leaving;
    std::uint32_t tables = 0;  ///< their version before the trial
    std::string failure = {};  ///< of the trial
  };

  void launch(Processor::Start start, Activity shown = Activity::running);
  void wake(Nudge why);
  void on_state(const ProcessorState& state);
  void on_end(const Worker::Ended& ended);
  void expect_page();
  void keep_page(const ProcessEnd& end);
  [[nodiscard]] bool is_an_end(const ProcessorState& last) const;
  void after_end(const Worker::Ended& ended, const std::optional<ProcessorState>& last);
  [[nodiscard]] std::optional<ProcessorState> last_word(const Worker::Ended& ended) const;
  void change_library(Reload::Stage stage);
  bool goes_on_in_reload(const Worker::Ended& ended, const std::optional<ProcessorState>& last);
  [[nodiscard]] bool is_proven(const ProcessorState& state) const;
  void settle_reload();
  void not_launched(const Error& error);
  void try_later(const ProcessorState& state);
  void pause(Phase phase, std::chrono::milliseconds delay, const char* follows);
  void kill_after(std::chrono::milliseconds time, std::string why);
  void finish(const ProcessorState& state);
  void note_reason();
  void died(const Worker::Ended& ended);
  [[nodiscard]] bool has_failed_by_death() const;
  void give_up();
  void kill_stuck(std::chrono::milliseconds patience);
  void kill_in_call(const std::string& why, ProcessEnd::Kind kind, std::chrono::milliseconds allowed);
  void look();
  void look_later();
  [[nodiscard]] bool only_applies_commands() const {
    return setup_.spec.start == Processor::Start::commands_only;
  }
  [[nodiscard]] std::chrono::milliseconds timeout() const { return setup_.spec.timeout; }
  [[nodiscard]] ProcessorError death(const Worker::Ended& ended) const;
  [[nodiscard]] ProcessorError hang(const CallWatch::Sight& seen) const;

  Reactor& reactor_;
  const HostLog& log_;
  Setup setup_;  ///< its `spec` changes with a reload
  const std::string name_;
  const std::function<void()> on_change_;
  ProcessorLog lines_;  ///< of the worker

  Phase phase_ = Phase::ended;
  bool stopping_ = false;
  std::optional<Nudge> nudged_;  ///< since it was started last
  std::string stuck_in_;
  ProcessorState state_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Reactor::Handle> pause_;  ///< until the next start, or until a stop turns into a kill

  // The launch that is at work.
  Processor::Start start_ = Processor::Start::again;
  std::unique_ptr<CallWatch> calls_;
  bool goes_on_ = false;                       ///< it has told that it runs, and stands still for nothing
  std::int64_t launched_ns_ = 0;               ///< wall clock
  std::optional<ProcessorState> final_;        ///< told: it is to end in this one
  std::unique_ptr<Reactor::Handle> deadline_;  ///< of loading, and of leaving
  std::string overdue_;                        ///< what took too long, so that it was killed
  const char* overdue_code_ = "timed_out";

  std::optional<Reload> reload_;

  std::uint32_t vain_launches_ = 0;  ///< in a row: not launched, or put off
  std::uint32_t deaths_ = 0;         ///< since the last progress
  Progress progress_at_death_;
  std::string death_output_;  ///< of the last death by which an event has failed

  std::unique_ptr<Reactor::Handle> look_timer_;      ///< until the next look at its calls
  std::optional<ProcessorError> error_beside_hang_;  ///< of the state, as long as it is hanging
};

}  // namespace aludel
