// SPDX-License-Identifier: MIT
#include "runtime/config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/byte_size.hpp"
#include "base/duration.hpp"
#include "base/json_writer.hpp"

namespace aludel {

namespace {

// A JSON string is a TOML string too.
std::string array_of(const auto& items, auto&& text) {
  std::string out = "[";
  for (const auto& item : items)
    out += (out.size() > 1 ? ", " : "") + json_string(text(item));
  return out + "]";
}

std::string to_toml(const RetryPolicy& retry) {
  return fmt::format(
      "retry = {{ max_retries = {}, initial_delay = \"{}\", max_delay = \"{}\", multiplier = {}, jitter = "
      "{}, "
      "then = \"{}\" }}\n",
      retry.max_retries, format_duration(retry.backoff.first), format_duration(retry.backoff.max),
      retry.backoff.multiplier, retry.backoff.jitter, to_string(retry.then));
}

std::string to_toml(const ReplayPolicy& replay) {
  return fmt::format(
      "replay = {{ strategy = \"{}\", max_retries = {}, initial_delay = \"{}\", max_delay = \"{}\", "
      "multiplier = {}, min_age = \"{}\", check_interval = \"{}\", batch_size = {}, order = \"{}\", "
      "stop_on_consecutive_failures = {} }}\n",
      to_string(replay.strategy), replay.max_retries, format_duration(replay.initial_delay),
      format_duration(replay.max_delay), replay.multiplier, format_duration(replay.min_age),
      format_duration(replay.check_interval), replay.batch_size, to_string(replay.order),
      replay.stop_on_consecutive_failures);
}

// @param in_full with the defaults of what is not said
std::string to_toml(const Treatment& treatment, bool in_full) {
  std::string out;
  if (treatment.strategy || in_full) {
    out += fmt::format("strategy = \"{}\"\n", to_string(treatment.strategy.value_or(Strategy::fail_fast)));
  }
  if (treatment.on_retry) out += fmt::format("on.retry = \"{}\"\n", to_string(*treatment.on_retry));
  if (treatment.on_fail) out += fmt::format("on.fail = \"{}\"\n", to_string(*treatment.on_fail));
  if (treatment.retry || in_full) out += to_toml(treatment.retry.value_or(RetryPolicy{}));
  return out;
}

}  // namespace

bool is_processor_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Subscription parse_subscription(std::string_view word) {
  if (word == "*") return {Subscription::Kind::all, {}};
  if (word.ends_with('*')) return {Subscription::Kind::prefix, std::string(word.substr(0, word.size() - 1))};
  return {Subscription::Kind::exact, std::string(word)};
}

std::string to_string(const Subscription& subscription) {
  return subscription.type + (subscription.kind == Subscription::Kind::exact ? "" : "*");
}

std::string to_toml(const Config& config) {
  std::string out = "[log]\nsync = ";
  out += config.sync_full ? "\"full\"\n" : "\"normal\"\n";
  const auto& [max_age, max_bytes] = config.retention;
  if (max_age) out += fmt::format("max_age = \"{}\"\n", format_duration(*max_age));
  if (max_bytes) out += fmt::format("max_bytes = \"{}\"\n", format_byte_size(*max_bytes));
  out += fmt::format("min_free = \"{}\"\n", format_byte_size(config.min_free));
  out += fmt::format("segment_size = \"{}\"\n", format_byte_size(config.segment_size));
  out += "\n[host]\nplugin_dirs = " +
         array_of(config.plugin_dirs, [](const auto& dir) { return dir.string(); }) + "\n";
  if (!config.trust.writable_plugins.empty()) {
    out += "writable_plugins = " +
           array_of(config.trust.writable_plugins, [](const auto& path) { return path.string(); }) + "\n";
  }
  if (!config.trust.allow.empty()) {
    out += "allow = " + array_of(config.trust.allow, [](const auto& digest) { return digest; }) + "\n";
  }
  out += "log_level = " + json_string(to_string(config.log_level)) + "\n";
  for (const auto& p : config.processors) {
    out += "\n[processor." + p.name + "]\n";
    if (!p.handler.empty()) out += "handler = " + json_string(p.handler) + "\n";
    if (!p.plugin.empty()) out += "plugin = " + json_string(p.plugin.string()) + "\n";
    if (!p.sha256.empty()) out += "sha256 = " + json_string(p.sha256) + "\n";
    if (!p.types.empty()) {
      out += "types = " + array_of(p.types, [](const auto& type) { return to_string(type); }) + "\n";
    }
    out += "start = " + json_string(to_string(p.start_at)) + "\n" + to_toml(p.error_policy.processor, true);
    out += to_toml(p.replay);
    out += "batch_size = " + std::to_string(p.batch_size) + "\n";
    out += "timeout = " + json_string(format_duration(p.timeout)) + "\n";
    out += p.isolation == Isolation::process ? "isolation = \"process\"\n" : "isolation = \"thread\"\n";
    out += "sandbox = " + json_string(to_string(p.sandbox.level)) + "\n";
    out += p.sandbox.network ? "network = true\n" : "network = false\n";
    out += p.config_toml + "\n";
    for (const auto& [type, treatment] : p.error_policy.types) {
      out += "\n[processor." + p.name + ".type." + json_string(type) + "]\n" + to_toml(treatment, false);
    }
  }
  return out;
}

}  // namespace aludel
