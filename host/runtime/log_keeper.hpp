// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/os/lock.hpp"
#include "base/result.hpp"
#include "log/retention.hpp"
#include "log/segment_log.hpp"
#include "runtime/host_log.hpp"

namespace aludel {

/// Keeps a host's log as large and as old as its config says: looks whenever a segment is sealed, and once in
/// limits::retention_interval, and drops what may go. What fails is logged, once as long as it fails alike,
/// and tried again with the next look.
///
/// On a thread of its own, as it waits for disks.
class LogKeeper {
 public:
  /// A configured processor: what lies behind its cursor is kept, as long as the log is not over `max_bytes`.
  struct Holder {
    std::string name;
    std::filesystem::path directory;
    bool starts_at_tip = false;  ///< before it has begun it needs nothing that is there
  };

  struct Parts {
    SegmentLog& log;
    RetentionPolicy policy;
    std::vector<Holder> holders;
    const HostLog& host_log;
    /// Told, on the keeper's thread, of a processor that had not saved that it is past what was dropped: it
    /// may be further all the same. @return whether it looks itself, and says so if it is not
    std::function<bool(const std::string& name)> on_dropped;
  };

  explicit LogKeeper(Parts parts) : parts_(std::move(parts)) {}
  ~LogKeeper();

  /// Begins to look by itself. Once.
  void start();
  /// Looks once. For whoever does not `start` it.
  void look();

 private:
  /// Up to where a processor is done for certain; nothing: it is not known, or it has not begun.
  struct Held {
    const Holder* holder;
    std::optional<std::uint64_t> next;
    std::optional<os::FileLock> undisturbed;  ///< no reset sets it back
  };

  void work();
  Result<void> drop();
  [[nodiscard]] std::vector<Held> held() const;
  void tell_dropped(std::uint64_t begin, std::uint64_t end, const std::vector<Held>& held) const;

  const Parts parts_;
  std::string told_;  // what failed with the last look
  std::thread thread_;
};

}  // namespace aludel
