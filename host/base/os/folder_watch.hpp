// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// Tells which files in some folders were written, or moved there. One thread at a time, but for `end`.
class FolderWatch {
 public:
  /// @return limit: the user watches too much already; ...
  static Result<FolderWatch> make();

  /// Once is enough for a folder, also under another name.
  /// @return not_found, denied, limit
  Result<void> add(const std::filesystem::path& folder);

  /// Waits until a file was written or moved, or `time_max` has passed, if it is given.
  /// @return the files, as folder and name; nothing: time is up, or `end` was called. An empty path: more has
  ///   happened than could be kept
  std::vector<std::filesystem::path> wait(std::optional<std::chrono::milliseconds> time_max);

  /// From now on nothing is waited for. Any thread.
  void end();
  [[nodiscard]] bool ended() const;

 private:
  FolderWatch(Descriptor events, Descriptor end) : events_(std::move(events)), end_(std::move(end)) {}

  Descriptor events_;  // inotify
  Descriptor end_;     // an eventfd, readable once it has ended
  std::map<int, std::filesystem::path> folders_;
};

}  // namespace aludel::os
