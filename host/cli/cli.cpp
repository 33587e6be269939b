// SPDX-License-Identifier: MIT
#include "cli/cli.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/duration.hpp"
#include "cli/commands.hpp"
#include "cli/usage.hpp"

namespace aludel {

namespace {

using Action = std::function<Result<int>()>;

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
  std::vector<std::filesystem::path> plugin_dirs;
  std::filesystem::path plugin_file;
};

constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> log_formats{"text", "json"};

CLI::Validator not_empty(const std::string& wanted) {
  return {[wanted](std::string& value) { return empty_fault(value, wanted); }, ""};
}
CLI::Validator is_count() {
  return {[](std::string& value) { return count_fault(value); }, ""};
}
CLI::Validator one_of(std::span<const std::string_view> words) {
  return {[words](std::string& value) { return word_fault(value, words); }, ""};
}

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example,
              Action& action, Action call) {
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

void add_run(CLI::App& app, Options& o, Action& action) {
  auto* run_app = add(app, "run", "Run the processors, and take events, until a signal",
                      "run --plugin-dir plugins --drain", action, [&o] { return run(o); });
  add_plugin_dirs(*run_app, o.run.plugin_dirs);
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

void add_append(CLI::App& app, Options& o, Action& action) {
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

void add_log(CLI::App& app, Options& o, Action& action) {
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

void add_inspecting(CLI::App& app, Options& o, Action& action) {
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

// A command that only its own commands say anything with.
CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& what) {
  auto* group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  group->fallthrough();
  group->footer("\naludel " + name + " COMMAND --help tells more, with an example.\n");
  return group;
}

void add_plugin(CLI::App& app, Options& o, Action& action) {
  auto* plugin = add_group(app, "plugin", "Look at plugins");
  auto* list = add(*plugin, "list", "List the plugins that a host would find, and what they hold",
                   "plugin list --plugin-dir plugins", action,
                   [&o] { return plugin_list_command(o.globals, o.plugin_dirs); });
  add_plugin_dirs(*list, o.plugin_dirs);
  auto* info = add(*plugin, "info", "Tell what a plugin holds, or why it is refused",
                   "plugin info plugins/libledger.so", action,
                   [&o] { return plugin_info_command(o.globals, o.plugin_file); });
  info->add_option("FILE", o.plugin_file, "The shared object")->type_name("")->required();
}

void add_config(CLI::App& app, Options& o, Action& action) {
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

void print_error(std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "aludel: %s\n", message.c_str());
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

int run_cli(int argc, char** argv) {
  CLI::App app("Hosts event handlers from shared objects on an event log of its own.", "aludel");
  Options options;
  Action action;
  add_globals(app, options.globals);
  add_run(app, options, action);
  add_append(app, options, action);
  add_log(app, options, action);
  add_inspecting(app, options, action);
  add_plugin(app, options, action);
  add_config(app, options, action);
  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    print_error(describe(misuse_of(app, error)));
    return 2;
  }
  const auto status = action();
  if (status) return *status;
  print_error(status.error().message);
  return exit_status(status.error().code);
}

}  // namespace aludel
