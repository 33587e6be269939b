// SPDX-License-Identifier: MIT
#include "runtime/processor_log.hpp"

#include <chrono>
#include <utility>

#include "base/limits.hpp"

namespace aludel {

ProcessorLog::ProcessorLog(Reactor& reactor, const HostLog& log, std::string name)
    : reactor_(reactor), log_(log), name_(std::move(name)) {}

ProcessorLog::~ProcessorLog() {
  tell_dropped();
}

void ProcessorLog::write(LogLevel level, std::string_view line) {
  if (!log_.enabled(level)) return;
  if (!second_) {
    second_ = reactor_.after(std::chrono::seconds(1), [this] {
      second_.reset();
      tell_dropped();
    });
  }
  if (++lines_ <= limits::log_lines_max) log_.write(level, name_, line);
}

void ProcessorLog::tell_dropped() {
  const auto lines = std::exchange(lines_, 0);
  if (lines <= limits::log_lines_max) return;
  log_.write(LogLevel::warning, name_,
             std::to_string(lines - limits::log_lines_max) + " lines were dropped: it may write " +
                 std::to_string(limits::log_lines_max) + " a second");
}

}  // namespace aludel
