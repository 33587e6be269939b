// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/host_log.hpp"
#include "runtime/reactor.hpp"

namespace aludel {

/// A processor's lines on their way into the host's log: of its plugin's a certain number a second, so that
/// one that chatters drowns no other, nor the host's own words. How many were dropped is told once a second.
/// On the reactor's thread.
class ProcessorLog {
 public:
  /// Borrows the reactor and the log. @param lines_max of the plugin's, a second
  ProcessorLog(Reactor& reactor, const HostLog& log, std::string name, std::uint64_t lines_max);
  ~ProcessorLog();
  ProcessorLog(const ProcessorLog&) = delete;
  ProcessorLog& operator=(const ProcessorLog&) = delete;

  void write(LogLevel level, std::string_view line, LogOrigin origin);

 private:
  void tell_dropped();

  Reactor& reactor_;
  const HostLog& log_;
  const std::string name_;
  const std::uint64_t lines_max_;
  std::unique_ptr<Reactor::Handle> second_;  ///< what is left of the one in which lines are counted
  std::uint64_t lines_ = 0;
};

}  // namespace aludel
