// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "base/os/file.hpp"

namespace aludel {

/// Writes zeros ahead of the log's end, in a thread of its own: where blocks of the file are allocated and
/// written already, syncing an append touches no metadata (docs/decisions/0010-allocation.md). A convenience:
/// if it fails or lags behind, appends let the file grow themselves. One thread calls.
class ZeroFill {
 public:
  explicit ZeroFill(os::FileSystem& files);
  ~ZeroFill();
  ZeroFill(const ZeroFill&) = delete;
  ZeroFill& operator=(const ZeroFill&) = delete;

  /// Turns to a segment.
  /// @param end of its blocks
  /// @param filled up to where it already has zeros
  /// @param capacity beyond which nothing is filled
  void follow(const std::filesystem::path& path, std::uint64_t end, std::uint64_t filled,
              std::uint64_t capacity);
  /// Before blocks are written up to `end`: waits for a fill that would overlap, and lets none begin there.
  void claim(std::uint64_t end);
  /// Lets go of the segment; no fill is under way when this returns.
  void leave();

 private:
  struct Target {
    std::filesystem::path path;
    std::unique_ptr<os::File> file;  // opened by the thread, for itself
    std::uint64_t end = 0;
    std::uint64_t filled = 0;  // blocks or zeros stand below, or are being written by the caller
    std::uint64_t capacity = 0;
    bool large = false;  // the caller's last write was
  };

  void run();
  [[nodiscard]] bool wanted() const;
  [[nodiscard]] static bool fill(os::FileSystem& files, Target& target, std::uint64_t to);

  os::FileSystem& files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Target target_;        // guarded by mutex_; the file is the thread's
  bool active_ = false;  // there is a target
  bool filling_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace aludel
