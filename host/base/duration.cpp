// SPDX-License-Identifier: MIT
#include "base/duration.hpp"

#include <charconv>
#include <cstdint>

namespace aludel {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

constexpr Unit units[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr std::int64_t max_ms =
    std::int64_t{1'000'000} * 3'600'000;  // a century, so that sums do not overflow

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& unit : units) {
    if (error != std::errc() || count < 0 || unit.name != name || count > max_ms / unit.ms) continue;
    return std::chrono::milliseconds(count * unit.ms);
  }
  return Error(
      ErrorCode::invalid,
      "\"" + std::string(text) + "\" is no duration: write a number and ms, s, m, h or d, such as \"30s\"");
}

std::string format_delay(std::chrono::milliseconds delay) {
  using namespace std::chrono;
  if (delay < seconds(10)) return format_duration(delay);
  if (delay < minutes(10)) return format_duration(round<seconds>(delay));
  if (delay < hours(10)) return format_duration(round<minutes>(delay));
  return format_duration(round<hours>(delay));
}

std::string format_duration(std::chrono::milliseconds duration) {
  for (const auto& unit : units) {
    if (duration.count() == 0 || duration.count() % unit.ms != 0) continue;
    return std::to_string(duration.count() / unit.ms).append(unit.name);
  }
  return "0s";
}

}  // namespace aludel
