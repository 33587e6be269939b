// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/os/lock.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "runtime/host.hpp"
#include "runtime/small_file.hpp"
#include "runtime/status.hpp"
#include "server/api.hpp"
#include "server/client.hpp"
#include "server/server.hpp"

namespace aludel {

namespace {

// Why a processor is not at the tip, in a few words. A state that is the error's code too is said once.
std::string reason(const Supervisor::Behind& behind) {
  if (!behind.stuck_in.empty()) return "hanging in " + behind.stuck_in;
  std::string text(to_string(behind.state.activity));
  auto error = behind.state.error;
  if (!error) return text;
  if (error->code != text) return text + ": " + describe(*error);
  if (error->event_id) text += ": event " + std::to_string(*error->event_id);
  return text + ": " + error->message;
}

const char* why_ended(const Supervisor::End& end, const Plan& plan) {
  if (end.signalled) return "ending: a signal asked for it";
  if (end.timed_out) return "ending: the time is up (--timeout)";
  if (end.behind.empty() && plan.processors.empty()) return "ending: there is no processor";
  return end.behind.empty() ? "ending: all processors have caught up"
                            : "ending: each processor has caught up or stands still";
}

// What a drain has come to, and the exit status for it.
int tell_end(const std::optional<Idle>& idle, const Supervisor::End& end) {
  std::string names;
  for (const auto& behind : end.behind)
    names += (names.empty() ? "" : ", ") + behind.name + " (" + reason(behind) + ")";
  if (!names.empty()) {
    std::fprintf(stderr, "aludel: not caught up: %s\n", on_one_line(names).c_str());
  }
  const bool idle_by_mistake = idle && idle->by_mistake;
  if (idle_by_mistake) std::fprintf(stderr, "aludel: %s\n", idle->why.c_str());
  return names.empty() && !idle_by_mistake ? 0 : 1;
}

// Whoever holds the log's lock: a host, if one answers.
Error advised(const Error& error, const Installation& installation) {
  if (error.code != ErrorCode::locked || !HostClient::connect(installation.data.socket())) return error;
  const auto text = read_file(installation.data.log() / "lock");
  const auto process = text ? text->substr(0, text->find_first_of(" \n")) : std::string("unknown");
  return {error.code, "a host (process " + process + ") runs on " + installation.data.root().string() +
                          " already: stop it first"};
}

// An `append` holds the log for a moment; another host for as long as it likes.
Result<std::unique_ptr<Host>> open_host(const Installation& installation, const RunOptions& options,
                                        const HostLog& log) {
  const auto deadline = std::chrono::steady_clock::now() + limits::writer_wait_max;
  const auto lock = installation.data.log() / "lock";
  for (;;) {
    auto host = Host::open({installation, options.plugin_dirs, options.watch}, log);
    if (host || host.error().code != ErrorCode::locked || HostClient::connect(installation.data.socket()))
      return host;
    for (auto held = os::FileLock::held(lock); held && *held; held = os::FileLock::held(lock)) {
      if (std::chrono::steady_clock::now() >= deadline) return host;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

}  // namespace

Result<int> run_command(const Globals& globals, const RunOptions& options) {
  auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const HostLog log(STDERR_FILENO, options.log_level.value_or(installation->config.log_level),
                    options.log_format);
  auto host = open_host(*installation, options, log);
  if (!host) return advised(host.error(), *installation);

  const auto status_json = [&]() -> Result<std::string> {
    const auto status = read_status(*installation, (*host)->plan(), (*host)->live());
    if (!status) return status.error();
    return to_json(*status);
  };
  const auto nudge = [&](std::string_view name) { return (*host)->nudge(name); };
  const auto reload = [&](std::string_view name) { return (*host)->reload(name); };
  const Api api((*host)->log(), {status_json, nudge, reload}, system_clock());
  Server::Options server_options;
  server_options.socket = installation->data.socket();
  const auto server =
      Server::start(server_options, [&api](const HttpRequest& request) { return api(request); });
  if (!server) return server.error();
  std::error_code ignored;
  log.write(LogLevel::info, {},
            "serving " + std::filesystem::absolute(globals.data, ignored).lexically_normal().string() +
                " with " + counted((*host)->plan().processors.size(), "processor") + ", process " +
                std::to_string(::getpid()));

  const auto& idle = (*host)->idle();
  if (idle && !(options.drain && idle->by_mistake)) log.write(LogLevel::warning, {}, idle->why);

  std::optional<Supervisor::Drain> drain;
  if (options.drain) drain = Supervisor::Drain{options.timeout};
  const auto end = (*host)->run(drain);
  log.write(LogLevel::info, {}, why_ended(end, (*host)->plan()));
  return drain ? tell_end((*host)->idle(), end) : 0;
}

}  // namespace aludel
