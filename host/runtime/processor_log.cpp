// SPDX-License-Identifier: MIT
#include "runtime/processor_log.hpp"

#include <chrono>
#include <utility>

namespace aludel {

ProcessorLog::ProcessorLog(Reactor& reactor, const HostLog& log, std::string name, std::uint64_t lines_max)
    : reactor_(reactor), log_(log), name_(std::move(name)), lines_max_(lines_max) {}

ProcessorLog::~ProcessorLog() {
  tell_dropped();
}

void ProcessorLog::write(LogLevel level, std::string_view line, LogOrigin origin) {
  if (!log_.enabled(level)) return;
  if (origin == LogOrigin::host) return log_.write(level, name_, line);
  if (!second_) {
    second_ = reactor_.after(std::chrono::seconds(1), [this] {
      second_.reset();
      tell_dropped();
    });
  }
  if (++lines_ <= lines_max_) log_.write(level, name_, line, origin);
}

void ProcessorLog::tell_dropped() {
  const auto lines = std::exchange(lines_, 0);
  if (lines <= lines_max_) return;
  log_.write(LogLevel::warning, name_,
             std::to_string(lines - lines_max_) + " lines were dropped: it may write " +
                 std::to_string(lines_max_) + " a second");
}

}  // namespace aludel
