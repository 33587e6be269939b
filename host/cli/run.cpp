// SPDX-License-Identifier: MIT
#include <cstdio>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "runtime/host.hpp"
#include "runtime/status.hpp"
#include "server/api.hpp"
#include "server/server.hpp"

namespace aludel {

namespace {

// Why a processor is not at the tip, in a few words.
std::string reason(const LiveStates& states, const std::string& name) {
  const auto found = states.find(name);
  if (found == states.end()) return name;
  const auto& [ignored, state] = *found;
  auto text = name + " (" + std::string(to_string(state.activity));
  if (state.error) text += ": " + describe(*state.error);
  return text + ")";
}

int tell_behind(const Host& host, const Supervisor::End& end) {
  if (end.behind.empty()) return 0;
  std::string names;
  for (const auto& name : end.behind)
    names += (names.empty() ? "" : ", ") + reason(host.live(), name);
  std::fprintf(stderr, "aludel: not caught up: %s\n", on_one_line(names, names.size()).c_str());
  return 1;
}

}  // namespace

Result<int> run_command(const Globals& globals, const RunOptions& options) {
  auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const HostLog log(STDERR_FILENO, options.log_level.value_or(installation->config.log_level),
                    options.log_format);
  auto host = Host::open({*installation, options.plugin_dirs}, log);
  if (!host) return host.error();

  const auto status_json = [&]() -> Result<std::string> {
    const auto status = read_status(*installation, (*host)->plan(), (*host)->live());
    if (!status) return status.error();
    return to_json(*status);
  };
  const Api api((*host)->log(), status_json, system_clock());
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

  std::optional<Supervisor::Drain> drain;
  if (options.drain) drain = Supervisor::Drain{options.timeout};
  const auto end = (*host)->run(drain);
  log.write(LogLevel::info, {},
            end.signalled ? "ending: a signal asked for it" : "ending: all processors have settled");
  return drain ? tell_behind(**host, end) : 0;
}

}  // namespace aludel
