// SPDX-License-Identifier: MIT
#include "base/byte_size.hpp"

#include <charconv>

namespace aludel {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr Unit units[] = {
    {"TiB", std::uint64_t{1} << 40},
    {"TB", 1'000'000'000'000},
    {"GiB", 1 << 30},
    {"GB", 1'000'000'000},
    {"MiB", 1 << 20},
    {"MB", 1'000'000},
    {"KiB", 1 << 10},
    {"KB", 1'000},
    {"B", 1},
};
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 50;  // so that sums do not overflow

}  // namespace

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& unit : units) {
    if (error != std::errc() || unit.name != name || count > max_bytes / unit.bytes) continue;
    return count * unit.bytes;
  }
  return Error(ErrorCode::invalid,
               "\"" + std::string(text) +
                   "\" is no size: write a number and B, KiB, MiB, GiB or TiB (KB, MB, GB "
                   "or TB: of 1000s), such as \"64MiB\"");
}

std::string format_byte_size(std::uint64_t bytes) {
  for (const auto& unit : units) {
    if (bytes == 0 || bytes % unit.bytes != 0) continue;
    return std::to_string(bytes / unit.bytes).append(unit.name);
  }
  return "0B";
}

}  // namespace aludel
