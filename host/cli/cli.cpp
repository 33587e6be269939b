// SPDX-License-Identifier: MIT
#include "cli/cli.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <poll.h>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"

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

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example,
              Action& action, Action call) {
  auto* command = parent.add_subcommand(name, what);
  command->footer("\nExample:\n  aludel " + example + "\n");
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

void add_run(CLI::App& app, Options& o, Action& action) {
  auto* run_app = add(app, "run", "Run the processors, and take events, until a signal",
                      "run --plugin-dir plugins --drain", action, [&o] { return run(o); });
  run_app
      ->add_option("--plugin-dir", o.run.plugin_dirs,
                   "A folder with plugins, beside the config's; repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  run_app->add_flag("--drain", o.run.drain,
                    "End once every processor has caught up (0), or stands still (1)");
  run_app->add_option("--timeout", o.run_timeout, "End --drain after this time, such as 30s")->type_name("D");
  run_app->add_option("--log-level", o.run_log_level, "trace, debug, info, warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}));
  run_app->add_option("--log-format", o.run_log_format, "text or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
}

void add_append(CLI::App& app, Options& o, Action& action) {
  auto* append = add(app, "append", "Append events: CloudEvents as NDJSON, or one event",
                     "append events.ndjson --producer import-7\n"
                     "  aludel --data DIR append --type deposit --key 42 --data '{\"amount\":500}'",
                     action, [&o] { return append_command(o.globals, o.append); });
  append->add_option("FILE", o.append.file, "A file, an event a line; - is the standard input")
      ->type_name("");
  append->add_option("--type", o.append.type, "The type of one event")->type_name("T");
  append->add_option("--key", o.append.key, "Its key (CloudEvents: subject)")->type_name("K");
  append->add_option("--source", o.append.source, "Its source (default: /)")->type_name("URI");
  append->add_option("--data", o.append.data, "Its data: JSON, or @FILE with JSON")->type_name("JSON");
  append
      ->add_option("--producer", o.append.producer,
                   "Events that are appended again under this key are there once")
      ->type_name("KEY");
}

void add_log(CLI::App& app, Options& o, Action& action) {
  auto* log = add(app, "log", "Print events, a CloudEvent a line, with their position",
                  "log --from 1000 --type 'order.*' --follow", action,
                  [&o] { return log_command(o.globals, o.log); });
  log->add_option("--from", o.log.from, "The first position")->type_name("N");
  log->add_option("--to", o.log.to, "The last position")->type_name("N");
  log->add_option("--type", o.log.type, "Only this type; x* is a prefix")->type_name("T");
  log->add_option("--key", o.log.key, "Only this key")->type_name("K");
  log->add_option("--limit", o.log.limit, "At most so many")->type_name("N");
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

void add_plugin(CLI::App& app, Options& o, Action& action) {
  auto* plugin = app.add_subcommand("plugin", "Look at plugins");
  plugin->require_subcommand(1);
  plugin->fallthrough();
  auto* list = add(*plugin, "list", "List the plugins that a host would find, and what they hold",
                   "plugin list --plugin-dir plugins", action,
                   [&o] { return plugin_list_command(o.globals, o.plugin_dirs); });
  list->add_option("--plugin-dir", o.plugin_dirs, "A folder with plugins, beside the config's; repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  auto* info = add(*plugin, "info", "Tell what a plugin holds, or why it is refused",
                   "plugin info plugins/libledger.so", action,
                   [&o] { return plugin_info_command(o.globals, o.plugin_file); });
  info->add_option("FILE", o.plugin_file, "The shared object")->type_name("")->required();
}

void add_config(CLI::App& app, Options& o, Action& action) {
  auto* config = app.add_subcommand("config", "Look at the config");
  config->require_subcommand(1);
  config->fallthrough();
  auto* check = add(*config, "check", "Check the config, and that each processor's handler is there",
                    "config check", action, [&o] { return config_check_command(o.globals, o.plugin_dirs); });
  check->add_option("--plugin-dir", o.plugin_dirs, "A folder with plugins, beside the config's; repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add(*config, "show", "Print the config with every default filled in", "config show", action,
      [&o] { return config_show_command(o.globals); });
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--data", globals.data, "The data directory (default: this folder)")->type_name("DIR");
  app.add_option("--config", globals.config, "The config (default: aludel.toml in the data directory)")
      ->type_name("FILE");
  app.add_flag("--json", globals.json, "Print JSON");
  app.set_version_flag("--version", "aludel " ALUDEL_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer("\naludel COMMAND --help tells more, with an example.\n");
}

void print_error(std::string_view message) {
  std::fprintf(stderr, "aludel: %s\n", on_one_line(message, limits::log_line_max).c_str());
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto extras = app.remaining();
  if (!app.get_subcommands().empty() || extras.empty()) {
    print_error(std::string(error.what()) + "; see aludel --help");
    return 2;
  }
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({}))
    names.push_back(command->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto hint = suggestion(extras.front(), known);
  print_error("there is no command \"" + extras.front() + "\"" +
              (hint.empty() ? "; see aludel --help" : hint));
  return 2;
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
  Action action;
  add_globals(app, options.globals);
  add_run(app, options, action);
  add_append(app, options, action);
  add_log(app, options, action);
  add_inspecting(app, options, action);
  add_plugin(app, options, action);
  add_config(app, options, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  return action();
}

}  // namespace

int run_cli(int argc, char** argv) {
  take_write_errors();
  try {
    return finish(run(argc, argv));
  } catch (const std::exception& error) {
    print_error(std::string("failed in an unforeseen way: ") + error.what() + "; please report it");
    return 3;
  }
}

}  // namespace aludel
