// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "log/retention.hpp"
#include "plugin/description.hpp"
#include "plugin/sandbox.hpp"
#include "plugin/trust.hpp"
#include "policy/error_policy.hpp"
#include "policy/replay.hpp"
#include "processor/start_position.hpp"
#include "runtime/host_log.hpp"

namespace aludel {

/// Where a processor runs.
enum class Isolation {
  process,  ///< in a child of the host, so that a crash of the plugin takes nothing else along
  thread,   ///< in the host itself: for tests and debuggers
};

/// `[processor.NAME]`: as the operator wrote it, with the defaults for what is not there.
struct ProcessorConfig {
  std::string name;                 ///< of [a-z0-9_-], 1 to 64
  std::uint32_t line = 0;           ///< of the config, where it begins; 0: it is not written there
  std::string handler;              ///< id; empty: the only one of `plugin`
  std::filesystem::path plugin;     ///< a name to be looked for in the plugin folders, or a path; empty:
                                    ///< whichever plugin has `handler`
  std::string sha256;               ///< digest of the only file that it may be; empty: any
  std::vector<Subscription> types;  ///< narrow the handler's subscriptions; empty: all of them
  StartAt start_at;
  ErrorPolicy error_policy;
  ReplayPolicy replay;  ///< of dead letters, without an order
  Isolation isolation = Isolation::process;
  Sandbox sandbox;                          ///< of its process
  std::string config_json = "{}";           ///< `config`, as the handler gets it
  std::string config_toml = "config = {}";  ///< the same as a line of TOML
  std::uint64_t batch_size = limits::batch_size_default;
  std::chrono::milliseconds timeout = limits::call_time_default;
};

/// `aludel.toml`.
struct Config {
  std::filesystem::path file;                         ///< where it was read from, for messages
  bool sync_full = true;                              ///< [log] sync
  RetentionPolicy retention;                          ///< [log] max_age, max_bytes
  std::uint64_t min_free = limits::min_free_default;  ///< [log] bytes; 0: off
  std::uint64_t segment_size = limits::segment_max;   ///< [log] bytes, of new segments
  std::vector<std::filesystem::path> plugin_dirs;  ///< [host]; relative ones are seen from the file's folder
  TrustPolicy trust;                               ///< [host] writable_plugins, allow
  LogLevel log_level = LogLevel::info;             ///< [host]
  std::vector<ProcessorConfig> processors;         ///< sorted by name
};

/// Reads a config. Unknown keys and words are errors.
/// @return invalid ("FILE:LINE: ..." says what is expected), not_found, denied, io
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file);

/// The same from text. @param file where it is from, for messages and relative paths
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::filesystem::path& file);

/// The config with every default filled in, as TOML that reads back the same.
[[nodiscard]] std::string to_toml(const Config& config);

/// Whether `name` can be a processor's: 1 to 64 of a-z, 0-9, '_' and '-'.
[[nodiscard]] bool is_processor_name(std::string_view name);

/// Types as they are written: "deposit", "order.*" (a prefix), "*" (all).
[[nodiscard]] Subscription parse_subscription(std::string_view word);
[[nodiscard]] std::string to_string(const Subscription& subscription);

}  // namespace aludel
