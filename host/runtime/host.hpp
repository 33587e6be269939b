// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/segment_log.hpp"
#include "runtime/host_log.hpp"
#include "runtime/idle.hpp"
#include "runtime/installation.hpp"
#include "runtime/log_keeper.hpp"
#include "runtime/plan.hpp"
#include "runtime/plugin_watch.hpp"
#include "runtime/relay_channel.hpp"
#include "runtime/supervisor.hpp"

namespace aludel {

/// The host of one data directory: the log's only writer, and the supervisor of the processors.
class Host {
 public:
  struct Options {
    Installation installation;
    std::vector<std::filesystem::path> plugin_dirs;  ///< beside the config's
    bool watch = false;  ///< processors whose plugins change are reloaded without an order
  };

  /// Decides which processors there are to be, takes the log, and makes the processors' folders. Starts
  /// nothing yet. A processor whose folder cannot be made or written is stopped; the others stand.
  /// @param log outlives the host
  /// @return invalid (config, clashing names), locked (another host, with its pid), corrupt, io, ...
  static Result<std::unique_ptr<Host>> open(Options options, const HostLog& log);

  /// Any thread.
  [[nodiscard]] SegmentLog& log() { return *log_; }
  /// With what processors were reloaded from. Any thread.
  [[nodiscard]] Plan plan() const;
  [[nodiscard]] const DataDirectory& data() const { return options_.installation.data; }
  /// Has a processor look for commands. Any thread. @return false: this host has none of this name
  bool nudge(std::string_view name) { return supervisor_.nudge(name, Nudge::command); }

  /// Has a processor go over to what its plugin's file holds now, and waits for what comes of it; logs it,
  /// too. Any thread but that of `run`.
  /// @return not_found: there is none of this name; stopped: it was not started, or the host ends; refused,
  ///   locked, ...: why the former version stays
  Result<Reloaded> reload(std::string_view name);

  /// Why no processor runs; nothing if one does.
  [[nodiscard]] const std::optional<Idle>& idle() const { return idle_; }
  /// What every processor does now, those that were not started included. Any thread.
  [[nodiscard]] LiveStates live() const;

  /// Runs the processors: see `Supervisor::run`. Those that were not started count as behind.
  Supervisor::End run(std::optional<Supervisor::Drain> drain);

 private:
  Host(Options options, const HostLog& host_log, Plan plan, std::optional<Idle> idle,
       std::vector<std::string> found, std::unique_ptr<SegmentLog> log);
  void prepare();
  void tell_missing_sandbox() const;
  void refuse_vanished(std::int64_t now_ns);
  [[nodiscard]] std::vector<LogKeeper::Holder> holders() const;
  void stand_still(const std::string& name, ProcessorState state);
  [[nodiscard]] Result<PlannedProcessor> planned(std::string_view name) const;
  Result<Reloaded> reload(const PlannedProcessor& former);
  void take_over(const PlannedProcessor& reloaded);
  [[nodiscard]] std::unique_ptr<PluginWatch> watch_plugins();

  const Options options_;
  const HostLog& host_log_;
  std::map<std::string, std::mutex, std::less<>> reloading_;  ///< one at a time, of each that is planned
  mutable std::mutex plan_mutex_;
  Plan plan_;  ///< guarded by plan_mutex_ while it runs
  const std::optional<Idle> idle_;
  const std::vector<std::string> found_;  ///< processors that had a folder before
  std::unique_ptr<SegmentLog> log_;
  std::map<std::string, PluginWatch::Stamp> taken_;  ///< plugins as they were before they were copied
  RelayServers relays_;                              ///< end after all children, and before the log
  LiveStates not_started_;  ///< refused by the plan, or their folders could not be prepared
  Supervisor supervisor_;
};

/// What a planned processor is told.
[[nodiscard]] ProcessorSpec spec_of(const PlannedProcessor& planned, const DataDirectory& data,
                                    LogLevel level);

/// Opens the log for writing, as a host does and as `append` does where no host runs. Recovery does not cut
/// below what the processors know to be durable.
/// @return as `SegmentLog::open`; another error: the processors cannot be listed
[[nodiscard]] Result<std::unique_ptr<SegmentLog>> open_log(const Installation& installation,
                                                           ReportSink report);

}  // namespace aludel
