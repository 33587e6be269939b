// SPDX-License-Identifier: MIT
#include "runtime/host_log.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace aludel {

namespace {

constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warning", "error"};

std::string now() {
  constexpr std::int64_t ms = 1'000'000;
  return format_time(system_clock().wall_ns() / ms * ms);
}

// Whatever a child writes: one line, without what would steer a terminal.
std::string on_one_line(std::string_view text) {
  auto line = repaired_utf8(text, limits::log_line_max);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; }, ' ');
  return line;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return names[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view word) {
  const auto* found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) return std::nullopt;
  return static_cast<LogLevel>(found - names.begin());
}

void HostLog::write(LogLevel level, std::string_view processor, std::string_view text) const {
  if (!enabled(level)) return;
  std::string line;
  if (format_ == Format::text) {
    line.append(now()).append(" ").append(to_string(level)).append(" ");
    if (!processor.empty()) line.append(processor).append(": ");
    line.append(on_one_line(text));
  } else {
    line.append("{\"time\":\"").append(now()).append("\",\"level\":\"").append(to_string(level)).append("\"");
    if (!processor.empty()) line.append(",\"processor\":").append(json_string(processor));
    line.append(",\"message\":").append(json_string(repaired_utf8(text, limits::log_line_max))).append("}");
  }
  line += '\n';
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace aludel
