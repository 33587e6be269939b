// SPDX-License-Identifier: MIT
#include "cli/cli.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <poll.h>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/os/mapped_memory.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/usage.hpp"

namespace aludel {

namespace {

using Invocation = std::function<Result<int>()>;

// The commands' options live as long as the parser that fills them.
struct Options {
  Globals globals;
  RunOptions run;
  std::string run_timeout;
  std::string run_log_level;
  std::string run_log_format;
  AppendOptions append;
  LogOptions log;
  QueryOptions query;
  DlqOptions dlq;
  std::string processor;
  bool with_letters = false;
  std::string dlq_since;
  std::string dlq_until;
  std::vector<std::filesystem::path> plugin_dirs;
  std::filesystem::path plugin_file;
  std::filesystem::path backups;
};

constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> log_formats{"text", "json"};

CLI::Validator not_empty(const std::string& wanted) {
  return {[wanted](std::string& value) { return empty_fault(value, wanted); }, ""};
}
CLI::Validator is_count() {
  return {[](std::string& value) { return count_fault(value); }, ""};
}
// Letters are numbered as SQLite numbers rows.
CLI::Validator is_letter() {
  return {[](std::string& value) { return count_fault(value, INT64_MAX); }, ""};
}
CLI::Validator one_of(std::span<const std::string_view> words) {
  return {[words](std::string& value) { return word_fault(value, words); }, ""};
}

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example,
              Invocation& action, Invocation call) {
  auto* command = parent.add_subcommand(name, what);
  command->footer("\nExample:\n  aludel " + example +
                  "\n\naludel --help tells of --data, --config and --json, which every command takes.\n");
  command->callback([&action, call = std::move(call)] { action = call; });
  return command;
}

Result<int> run(Options& o) {
  if (!o.run_timeout.empty()) {
    const auto timeout = parse_duration(o.run_timeout);
    if (!timeout) return timeout.error().within("--timeout");
    if (!o.run.drain) return Error(ErrorCode::invalid, "--timeout bounds --drain: give both");
    o.run.timeout = *timeout;
  }
  if (!o.run_log_level.empty()) o.run.log_level = parse_log_level(o.run_log_level);
  if (o.run_log_format == "json") o.run.log_format = HostLog::Format::json;
  return run_command(o.globals, o.run);
}

void add_plugin_dirs(CLI::App& command, std::vector<std::filesystem::path>& to) {
  command.add_option("--plugin-dir", to, "A folder with plugins, beside the config's; repeatable")
      ->option_text("DIR")
      ->allow_extra_args(false)
      ->check(not_empty("a folder"));
}

void add_run(CLI::App& app, Options& o, Invocation& action) {
  auto* run_app = add(app, "run", "Run the processors, and take events, until a signal",
                      "run --plugin-dir plugins --drain", action, [&o] { return run(o); });
  add_plugin_dirs(*run_app, o.run.plugin_dirs);
  run_app->add_flag("--watch", o.run.watch, "Reload a processor whenever its plugin's file changes");
  run_app->add_flag("--drain", o.run.drain,
                    "End once every processor has caught up (0), or stands still (1)");
  run_app->add_option("--timeout", o.run_timeout, "End --drain after this time, such as 30s")->type_name("D");
  run_app->add_option("--log-level", o.run_log_level, "trace, debug, info, warning or error")
      ->type_name("LEVEL")
      ->check(one_of(log_levels));
  run_app->add_option("--log-format", o.run_log_format, "text or json")
      ->type_name("FORMAT")
      ->check(one_of(log_formats));
}

void add_append(CLI::App& app, Options& o, Invocation& action) {
  auto* append = add(app, "append", "Append events: CloudEvents as NDJSON, or one event",
                     "append events.ndjson --producer import-7\n"
                     "  aludel --data DIR append --type deposit --key 42 --data '{\"amount\":500}'",
                     action, [&o] { return append_command(o.globals, o.append); });
  append->add_option("FILE", o.append.file, "A file, an event a line; - is the standard input")
      ->type_name("");
  append->add_option("--type", o.append.type, "The type of one event")
      ->type_name("T")
      ->check(not_empty("a type"));
  append->add_option("--key", o.append.key, "Its key (CloudEvents: subject)")->type_name("K");
  append->add_option("--source", o.append.source, "Its source (default: /)")->type_name("URI");
  append->add_option("--data", o.append.data, "Its data: JSON, or @FILE with JSON")->type_name("JSON");
  append
      ->add_option("--producer", o.append.producer,
                   "Events that are appended again under this key are there once")
      ->type_name("KEY")
      ->check(not_empty("a key"));
}

void add_log(CLI::App& app, Options& o, Invocation& action) {
  auto* log = add(app, "log", "Print events, a CloudEvent a line, with their position",
                  "log --from 1000 --type 'order.*' --follow", action,
                  [&o] { return log_command(o.globals, o.log); });
  log->add_option("--from", o.log.from, "The first position")->type_name("N")->check(is_count());
  log->add_option("--to", o.log.to, "The last position")->type_name("N")->check(is_count());
  log->add_option("--type", o.log.type, "Only this type; x* is a prefix")
      ->type_name("T")
      ->check(not_empty("a type"));
  log->add_option("--key", o.log.key, "Only this key")->type_name("K");
  log->add_option("--limit", o.log.limit, "At most so many")->type_name("N")->check(is_count());
  log->add_flag("--follow", o.log.follow, "Wait for more events");
}

void add_inspecting(CLI::App& app, Options& o, Invocation& action) {
  add(app, "status", "Tell what the log holds and how far the processors are", "status --json", action,
      [&o] { return status_command(o.globals); });
  auto* query = add(app, "query", "Query what a processor has written, read-only, for up to 5 s",
                    "query ledger 'select account, balance from accounts limit 10' --csv", action,
                    [&o] { return query_command(o.globals, o.query); });
  query->add_option("PROCESSOR", o.query.processor, "Its name")->type_name("")->required();
  query->add_option("SQL", o.query.sql, "One statement")->type_name("")->required();
  query->add_flag("--csv", o.query.csv, "Print CSV");
  add(app, "verify", "Check every checksum of the log, and every projection", "verify", action,
      [&o] { return verify_command(o.globals); });
}

void add_backups(CLI::App& app, Options& o, Invocation& action) {
  auto* backup =
      add(app, "backup", "Copy log, processors and config into a folder of backups, also while a host runs",
          "backup backups", action, [&o] { return backup_command(o.globals, o.backups); });
  backup->add_option("DIR", o.backups, "The folder that holds backups; made if it is missing")
      ->type_name("")
      ->required();
  auto* restore = add(app, "restore", "Make a data directory of a backup", "--data NEW restore backups",
                      action, [&o] { return restore_command(o.globals, o.backups); });
  restore->add_option("BACKUP", o.backups, "A backup, or the folder that holds them: the latest")
      ->type_name("")
      ->required();
}

// A command that only its own commands say anything with.
CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& what) {
  auto* group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  group->fallthrough();
  group->footer("\naludel " + name + " COMMAND --help tells more, with an example.\n");
  return group;
}

void add_plugin(CLI::App& app, Options& o, Invocation& action) {
  auto* plugin = add_group(app, "plugin", "Look at plugins, and take new ones");
  auto* list = add(*plugin, "list", "List the plugins that a host would find, and what they hold",
                   "plugin list --plugin-dir plugins", action,
                   [&o] { return plugin_list_command(o.globals, o.plugin_dirs); });
  add_plugin_dirs(*list, o.plugin_dirs);
  auto* info = add(*plugin, "info", "Tell what a plugin holds, or why it is refused",
                   "plugin info plugins/libledger.so", action,
                   [&o] { return plugin_info_command(o.globals, o.plugin_file); });
  info->add_option("FILE", o.plugin_file, "The shared object")->type_name("")->required();
  auto* reload =
      add(*plugin, "reload", "Have the host that runs go over to what a processor's plugin file holds now",
          "plugin reload ledger", action, [&o] { return plugin_reload_command(o.globals, o.processor); });
  reload->add_option("PROCESSOR", o.processor, "Its name")->type_name("")->required();
}

// "2026-01-31T12:00:00Z", or a time ago: "2h".
Result<std::optional<std::int64_t>> moment(const std::string& text, const char* option) {
  if (text.empty()) return std::optional<std::int64_t>();
  if (const auto ago = parse_duration(text); ago) {
    return std::optional(system_clock().wall_ns() - std::chrono::nanoseconds(*ago).count());
  }
  const auto time = parse_time(text);
  if (time) return std::optional(*time);
  return Error(ErrorCode::invalid,
               std::string(option) + ": \"" + text +
                   "\" is neither a time such as 2026-01-31T12:00:00Z nor a duration such as 2h");
}

using DlqCommand = Result<int> (*)(const Globals&, const DlqOptions&);

Result<int> run_dlq(Options& o, DlqCommand command) {
  const auto since = moment(o.dlq_since, "--since");
  if (!since) return since.error();
  const auto until = moment(o.dlq_until, "--until");
  if (!until) return until.error();
  o.dlq.filter.since_ns = *since;
  o.dlq.filter.until_ns = *until;
  return command(o.globals, o.dlq);
}

void add_letter_filter(CLI::App& command, Options& o) {
  command.add_option("--id", o.dlq.filter.ids, "Only these letters; repeatable")
      ->type_name("N")
      ->allow_extra_args(false)
      ->check(is_letter());
  command.add_option("--type", o.dlq.filter.type, "Only events of this type; x* is a prefix")->type_name("T");
  command.add_option("--key", o.dlq.filter.key, "Only events with this key")->type_name("K");
  command.add_option("--code", o.dlq.filter.code, "Only failures with this code")->type_name("C");
  command.add_option("--since", o.dlq_since, "Failed last since then: a time, or a duration ago")
      ->type_name("T");
  command.add_option("--until", o.dlq_until, "Failed last before then")->type_name("T");
}

void add_letter_commands(CLI::App& dlq, Options& o, Invocation& action) {
  struct Changing {
    const char* name;
    const char* what;
    const char* example;
    DlqCommand command;
  };
  for (const auto& [name, what, example, command] :
       {Changing{"replay", "Hand dead letters to their handler again (1: some failed again)",
                 "dlq replay ledger --code insufficient_funds", dlq_replay_command},
        Changing{"discard", "Give dead letters up", "dlq discard ledger --id 7", dlq_discard_command}}) {
    auto* changing = add(dlq, name, what, example, action, [&o, run = command] { return run_dlq(o, run); });
    changing->add_option("PROCESSOR", o.dlq.processor, "Its name")->type_name("")->required();
    add_letter_filter(*changing, o);
    changing->add_flag("--all", o.dlq.all, "All that are open, without any filter");
    if (command == dlq_replay_command) {
      changing->add_flag("--dry-run", o.dlq.dry_run, "Tell what would come of it, and change nothing");
    }
  }
}

void add_dlq(CLI::App& app, Options& o, Invocation& action) {
  auto* dlq = add_group(app, "dlq", "Look at dead letters, and decide on them");
  struct Reading {
    const char* name;
    const char* what;
    const char* example;
    DlqCommand command;
    bool limit;
  };
  for (const auto& [name, what, example, command, limit] :
       {Reading{"list", "List dead letters that are open", "dlq list ledger --code insufficient_funds",
                dlq_list_command, true},
        Reading{"groups", "Count dead letters by handler version, code and message", "dlq groups ledger",
                dlq_groups_command, false},
        Reading{"export", "Print dead letters with their events, a line of JSON each",
                "dlq export ledger --since 24h", dlq_export_command, true}}) {
    auto* reading = add(*dlq, name, what, example, action, [&o, run = command] { return run_dlq(o, run); });
    reading->add_option("PROCESSOR", o.dlq.processor, "Only this processor's")->type_name("");
    add_letter_filter(*reading, o);
    reading->add_flag("--all", o.dlq.filter.closed, "Those that were replayed or discarded too");
    if (!limit) continue;
    reading->add_option("--limit", o.dlq.limit, "At most so many of each processor")
        ->type_name("N")
        ->check(is_count());
  }
  add_letter_commands(*dlq, o, action);
  auto* show = add(*dlq, "show", "Print a dead letter with its event, as JSON", "dlq show ledger 1", action,
                   [&o] { return dlq_show_command(o.globals, o.dlq); });
  show->add_option("PROCESSOR", o.dlq.processor, "Its name")->type_name("")->required();
  show->add_option("ID", o.dlq.filter.ids, "The letter")
      ->type_name("")
      ->required()
      ->expected(1)
      ->check(is_letter());
}

void add_processor(CLI::App& app, Options& o, Invocation& action) {
  auto* processor = add_group(app, "processor", "Look at processors, and command them");
  add(*processor, "list", "List processors, and what each waits for", "processor list", action,
      [&o] { return processor_list_command(o.globals); });
  struct Commanding {
    const char* name;
    const char* what;
    Command::Kind kind;
  };
  for (const auto& [name, what, kind] :
       {Commanding{"pause", "Work off no more events, until it is resumed", Command::Kind::pause},
        Commanding{"resume", "Go on: after a pause, or with what it stopped at", Command::Kind::resume},
        Commanding{"skip", "Move past the event that it stands at", Command::Kind::skip},
        Commanding{"reset", "Begin anew where it began: drop the handler's tables, discard its open letters",
                   Command::Kind::reset}}) {
    auto* commanding = add(*processor, name, what, std::string("processor ") + name + " ledger", action,
                           [&o, k = kind] { return processor_control_command(o.globals, o.processor, k); });
    commanding->add_option("PROCESSOR", o.processor, "Its name")->type_name("")->required();
  }
  auto* remove = add(*processor, "remove", "Remove the folder of a processor that no config names",
                     "processor remove ledger", action,
                     [&o] { return processor_remove_command(o.globals, o.processor, o.with_letters); });
  remove->add_option("PROCESSOR", o.processor, "Its name")->type_name("")->required();
  remove->add_flag("--with-letters", o.with_letters, "Its open dead letters too");
}

void add_config(CLI::App& app, Options& o, Invocation& action) {
  auto* config = add_group(app, "config", "Look at the config");
  auto* check = add(*config, "check", "Check the config, and that each processor's handler is there",
                    "config check", action, [&o] { return config_check_command(o.globals, o.plugin_dirs); });
  add_plugin_dirs(*check, o.plugin_dirs);
  add(*config, "show", "Print the config with every default filled in", "config show", action,
      [&o] { return config_show_command(o.globals); });
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--data", globals.data, "The data directory (default: this folder)")
      ->type_name("DIR")
      ->check(not_empty("a folder"));
  app.add_option("--config", globals.config, "The config (default: aludel.toml in the data directory)")
      ->type_name("FILE")
      ->check(not_empty("a file"));
  app.add_flag("--json", globals.json, "Print JSON");
  app.set_version_flag("--version", "aludel " ALUDEL_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer("\naludel COMMAND --help tells more, with an example.\n");
}

// The parser's last word, and what it knows of the command that it got to.
Misuse misuse_of(CLI::App& app, const CLI::ParseError& error) {
  Misuse misuse;
  misuse.command = app.get_name();
  misuse.fault = error.what();
  const auto take_options = [&](const CLI::App& command) {
    for (const auto* option : command.get_options()) {
      if (!option->get_lnames().empty()) misuse.options.push_back("--" + option->get_lnames().front());
    }
  };
  take_options(app);
  auto* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    misuse.command += " " + command->get_name();
    take_options(*command);
  }
  for (const auto* known : command->get_subcommands({}))
    misuse.commands.push_back(known->get_name());
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const bool fits = code != CLI::ExitCodes::ExtrasError && code != CLI::ExitCodes::RequiredError;
  if (fits) misuse.commands.clear();
  if (!fits) misuse.extras = app.remaining(true);
  return misuse;
}

// "--data=" as "--data" and "", which the parser takes for what they are.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const bool ends_empty = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (ends_empty) argument.pop_back();
    arguments.push_back(std::move(argument));
    if (ends_empty) arguments.emplace_back();
  }
  if (arguments == std::vector<std::string>{"help"}) arguments = {"--help"};
  std::reverse(arguments.begin(), arguments.end());  // as the parser wants them
  return arguments;
}

}  // namespace

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::timed_out:
    case ErrorCode::stopped: return 1;
    case ErrorCode::invalid:
    case ErrorCode::not_found:
    case ErrorCode::limit: return 2;
    default: return 3;
  }
}

void print_error(std::string_view message) {
  std::fprintf(stderr, "aludel: %s\n", on_one_line(message, limits::log_line_max).c_str());
}

namespace {

// What the kernel would end the process for is an error of the write that caused it. Children start without.
void take_write_errors() {
  for (const int signal : {SIGPIPE, SIGXFSZ})
    std::signal(signal, SIG_IGN);
}

// Whoever read the output has seen enough: the end is the one that any filter has.
void end_if_nobody_reads() {
  pollfd output{STDOUT_FILENO, 0, 0};
  if (::poll(&output, 1, 0) <= 0 || (output.revents & POLLERR) == 0) return;
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

// What a command has printed may still fail to arrive.
int finish(const Result<int>& status) {
  errno = 0;
  const bool printed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const auto lost = os_error("write to the standard output", errno == 0 ? EIO : errno);
  if (!printed) end_if_nobody_reads();
  if (status && printed) return *status;
  const auto& error = status ? lost : status.error();
  print_error(error.message);
  return status ? 3 : exit_status(error.code);
}

Result<int> run(int argc, char** argv) {
  CLI::App app("Hosts event handlers from shared objects on an event log of its own.", "aludel");
  Options options;
  Invocation action;
  add_globals(app, options.globals);
  add_run(app, options, action);
  add_append(app, options, action);
  add_log(app, options, action);
  add_inspecting(app, options, action);
  add_backups(app, options, action);
  add_plugin(app, options, action);
  add_processor(app, options, action);
  add_dlq(app, options, action);
  add_config(app, options, action);
  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    print_error(describe(misuse_of(app, error)));
    return 2;
  }
  return action();
}

}  // namespace

int run_cli(int argc, char** argv) {
  take_write_errors();
  os::MappedMemory::stand_in_everywhere();
  try {
    return finish(run(argc, argv));
  } catch (const std::exception& error) {
    print_error(std::string("failed in an unforeseen way: ") + error.what() + "; please report it");
    return 3;
  }
}

}  // namespace aludel
