// SPDX-License-Identifier: MIT
#include "runtime/plugin_copy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/os/file.hpp"

namespace aludel {

namespace {

constexpr std::string_view before = "plugin-";
constexpr std::string_view behind = ".so";

std::optional<std::uint32_t> number_in(std::string_view name) {
  if (!name.starts_with(before) || !name.ends_with(behind)) return std::nullopt;
  name.remove_prefix(before.size());
  name.remove_suffix(std::min(behind.size(), name.size()));
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::filesystem::path copy_path(const std::filesystem::path& directory, std::uint32_t number) {
  return directory / (std::string(before) + std::to_string(number) + std::string(behind));
}

}  // namespace

Result<std::filesystem::path> copy_plugin(const std::filesystem::path& plugin,
                                          const std::filesystem::path& directory) {
  const auto names = os::real_file_system().list(directory);
  if (!names) return names.error();
  std::uint32_t number = 0;
  for (const auto& name : *names)
    number = std::max(number, number_in(name).value_or(0));
  std::error_code failure;
  for (;;) {
    auto copy = copy_path(directory, ++number);
    std::filesystem::copy_file(plugin, copy, failure);
    if (!failure) return copy;
    if (failure == std::errc::file_exists) continue;  // another reload's
    std::error_code ignored;
    std::filesystem::remove(copy, ignored);
    return os_error("copy the plugin " + plugin.string() + " to " + copy.string(), failure.value());
  }
}

void remove_plugin_copies(const std::filesystem::path& directory, std::string_view kept) {
  const auto names = os::real_file_system().list(directory);
  if (!names) return;
  for (const auto& name : *names) {
    if (number_in(name) && name != kept) (void)os::real_file_system().remove(directory / name);
  }
}

}  // namespace aludel
