// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "processor/command.hpp"
#include "processor/letter_filter.hpp"
#include "runtime/host_log.hpp"

/// The commands. Each prints to stdout what was asked for, and returns the exit status, or the error that
/// `run_cli` prints as one line on stderr.
namespace aludel {

/// What every command understands.
struct Globals {
  std::filesystem::path data = ".";
  std::filesystem::path config;  ///< empty: `aludel.toml` in `data`, if it is there
  bool json = false;
};

struct RunOptions {
  std::vector<std::filesystem::path> plugin_dirs;
  bool watch = false;
  bool drain = false;
  std::optional<std::chrono::milliseconds> timeout;  ///< of `drain`
  std::optional<LogLevel> log_level;                 ///< none: as the config says
  HostLog::Format log_format = HostLog::Format::text;
};
Result<int> run_command(const Globals& globals, const RunOptions& options);

struct AppendOptions {
  std::string file;  ///< "-": stdin; empty: one event, of the members below
  std::string type;
  std::string key;
  std::string source;
  std::string data;  ///< JSON, or "@FILE"
  std::string producer;
};
Result<int> append_command(const Globals& globals, const AppendOptions& options);

struct LogOptions {
  std::optional<std::uint64_t> from;  ///< none: the oldest that is kept
  std::optional<std::uint64_t> to;    ///< inclusive
  std::string type;                   ///< exact, "x*" or "*"; empty: all
  std::optional<std::string> key;
  std::optional<std::uint64_t> limit;
  bool follow = false;
};
Result<int> log_command(const Globals& globals, const LogOptions& options);

Result<int> status_command(const Globals& globals);

Result<int> plugin_list_command(const Globals& globals,
                                const std::vector<std::filesystem::path>& plugin_dirs);
Result<int> plugin_info_command(const Globals& globals, const std::filesystem::path& file);
/// @return 1: the new version is in, but the processor is not at work
Result<int> plugin_reload_command(const Globals& globals, const std::string& processor);

struct QueryOptions {
  std::string processor;
  std::string sql;
  bool csv = false;
};
Result<int> query_command(const Globals& globals, const QueryOptions& options);

Result<int> processor_list_command(const Globals& globals);
/// Pause, resume, skip or reset.
Result<int> processor_control_command(const Globals& globals, const std::string& name, Command::Kind kind);
Result<int> processor_remove_command(const Globals& globals, const std::string& name, bool with_letters);

struct DlqOptions {
  std::string processor;  ///< empty: all of them
  LetterFilter filter;
  std::optional<std::uint64_t> limit;
  bool dry_run = false;
  bool all = false;  ///< discard, replay: all that are open may be meant
};
Result<int> dlq_list_command(const Globals& globals, const DlqOptions& options);
Result<int> dlq_groups_command(const Globals& globals, const DlqOptions& options);
Result<int> dlq_show_command(const Globals& globals, const DlqOptions& options);
Result<int> dlq_export_command(const Globals& globals, const DlqOptions& options);
Result<int> dlq_discard_command(const Globals& globals, const DlqOptions& options);
/// @return 1: a letter failed again
Result<int> dlq_replay_command(const Globals& globals, const DlqOptions& options);

Result<int> verify_command(const Globals& globals);

/// @param folder that holds backups
Result<int> backup_command(const Globals& globals, const std::filesystem::path& folder);
/// @param backup one, or a folder that holds them
Result<int> restore_command(const Globals& globals, const std::filesystem::path& backup);

Result<int> config_check_command(const Globals& globals,
                                 const std::vector<std::filesystem::path>& plugin_dirs);
Result<int> config_show_command(const Globals& globals);

}  // namespace aludel
