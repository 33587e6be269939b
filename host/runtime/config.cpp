// SPDX-License-Identifier: MIT
#include "runtime/config.hpp"

#include <algorithm>
#include <array>

#include "base/duration.hpp"
#include "base/json_writer.hpp"

namespace aludel {

namespace {

constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};

// A JSON string is a TOML string too.
std::string array_of(const auto& items, auto&& text) {
  std::string out = "[";
  for (const auto& item : items)
    out += (out.size() > 1 ? ", " : "") + json_string(text(item));
  return out + "]";
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return log_levels[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view word) {
  const auto* found = std::find(log_levels.begin(), log_levels.end(), word);
  if (found == log_levels.end()) return std::nullopt;
  return static_cast<LogLevel>(found - log_levels.begin());
}

bool is_processor_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string to_string(const Subscription& subscription) {
  return subscription.type + (subscription.kind == Subscription::Kind::exact ? "" : "*");
}

std::string to_toml(const Config& config) {
  std::string out = "[log]\nsync = ";
  out += config.sync_full ? "\"full\"\n" : "\"normal\"\n";
  out += "\n[host]\nplugin_dirs = " +
         array_of(config.plugin_dirs, [](const auto& dir) { return dir.string(); }) + "\n";
  out += "log_level = " + json_string(to_string(config.log_level)) + "\n";
  for (const auto& p : config.processors) {
    out += "\n[processor." + p.name + "]\n";
    if (!p.handler.empty()) out += "handler = " + json_string(p.handler) + "\n";
    if (!p.plugin.empty()) out += "plugin = " + json_string(p.plugin.string()) + "\n";
    if (!p.types.empty()) {
      out += "types = " + array_of(p.types, [](const auto& type) { return to_string(type); }) + "\n";
    }
    out += "start = \"first\"\nstrategy = \"fail_fast\"\n";
    out += "batch_size = " + std::to_string(p.batch_size) + "\n";
    out += "timeout = " + json_string(format_duration(p.timeout)) + "\n";
    out += p.isolation == Isolation::process ? "isolation = \"process\"\n" : "isolation = \"thread\"\n";
    out += p.config_toml + "\n";
  }
  return out;
}

}  // namespace aludel
