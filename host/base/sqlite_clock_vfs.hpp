// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace aludel {

/// An SQLite VFS whose clock is set by hand, so that `datetime('now')` in a handler's SQL is the event's time
/// and a rebuild gives the same rows. All else is the default VFS's. One for each connection:
///
///     ClockVfs clock;
///     auto db = Database::open(path, Database::Mode::create, clock.name());
///     clock.set(event.time_ns);
///
/// Outlives the connection. Belongs to the connection's thread; making and destroying are for any thread.
class ClockVfs {
 public:
  ClockVfs();
  ~ClockVfs();
  ClockVfs(const ClockVfs&) = delete;
  ClockVfs& operator=(const ClockVfs&) = delete;

  /// The name under which it is registered; unique in the process.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// @param time_ns since 1970-01-01T00:00:00Z; SQLite sees milliseconds. A statement that is being walked
  /// takes it up at its next step. Costs a store. Initially 0.
  void set(std::int64_t time_ns) { time_ns_ = time_ns; }

 private:
  struct Shim;

  std::string name_;
  std::int64_t time_ns_ = 0;
  std::unique_ptr<Shim> shim_;
};

}  // namespace aludel
