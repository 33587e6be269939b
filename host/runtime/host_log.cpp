// SPDX-License-Identifier: MIT
#include "runtime/host_log.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace aludel {

namespace {

constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warning", "error"};

// Milliseconds in any case, so that lines stand below each other.
std::string now() {
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  const auto ns = system_clock().wall_ns();
  auto text = format_time(ns / ns_per_second * ns_per_second);
  text.back() = '.';
  return text + fmt::format("{:03}Z", ns % ns_per_second / 1'000'000);
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

void HostLog::write(LogLevel level, std::string_view processor, std::string_view text,
                    LogOrigin origin) const {
  if (!enabled(level)) return;
  const bool by_plugin = origin == LogOrigin::plugin;
  std::string line;
  if (format_ == Format::text) {
    line.append(now()).append(" ").append(to_string(level)).append(" ");
    if (!processor.empty()) line.append(processor).append(by_plugin ? "| " : ": ");
    line.append(on_one_line(text, limits::log_line_max));
  } else {
    line.append("{\"time\":\"").append(now()).append("\",\"level\":\"").append(to_string(level)).append("\"");
    if (!processor.empty()) line.append(",\"processor\":").append(json_string(processor));
    if (by_plugin) line.append(",\"origin\":\"plugin\"");
    line.append(",\"message\":").append(json_string(repaired_utf8(text, limits::log_line_max))).append("}");
  }
  line += '\n';
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace aludel
