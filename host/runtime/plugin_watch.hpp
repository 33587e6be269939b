// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/os/file.hpp"
#include "base/os/folder_watch.hpp"
#include "base/result.hpp"
#include "runtime/host_log.hpp"

namespace aludel {

/// For authors: reloads a processor once its plugin's file is another, however it got there: written anew,
/// renamed, or behind a link. It waits until nothing has been written for limits::watch_quiet, as compilers
/// write in pieces.
///
/// On a thread of its own, as a reload takes its time.
class PluginWatch {
 public:
  using Stamp = std::optional<os::FileStatus>;  ///< null: there is none

  struct Parts {
    std::map<std::string, std::filesystem::path> plugins;  ///< the file of each processor, by its name
    std::map<std::string, Stamp> taken;                    ///< what each was when its processor took it
    std::vector<std::filesystem::path> folders;            ///< where others may appear
    const HostLog& host_log;
    /// Called on the watch's thread; says itself what comes of it.
    std::function<void(const std::string& processor)> reload;
  };

  /// Begins to watch. What cannot be watched is logged.
  explicit PluginWatch(Parts parts);
  ~PluginWatch();

  [[nodiscard]] static Stamp stamp(const std::filesystem::path& file);

 private:
  void watch_folders();
  void work();
  void reload_changed();
  void tell_new(const std::vector<std::filesystem::path>& written);

  const Parts parts_;
  std::optional<os::FolderWatch> watch_;
  std::map<std::string, Stamp> stamps_;  // of each processor's file
  std::set<std::filesystem::path> told_;
  std::thread thread_;
};

}  // namespace aludel
