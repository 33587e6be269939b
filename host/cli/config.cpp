// SPDX-License-Identifier: MIT
#include "runtime/config.hpp"

#include <cstdio>

#include <boost/json.hpp>

#include "base/duration.hpp"
#include "base/json_writer.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "runtime/installation.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::value value_of(const ProcessorConfig& p) {
  json::array types;
  for (const auto& type : p.types)
    types.emplace_back(to_string(type));
  return {{"name", p.name},
          {"handler", p.handler},
          {"plugin", p.plugin.string()},
          {"types", std::move(types)},
          {"start", "first"},
          {"strategy", "fail_fast"},
          {"batch_size", p.batch_size},
          {"timeout", format_duration(p.timeout)},
          {"isolation", p.isolation == Isolation::process ? "process" : "thread"},
          {"config", json::parse(p.config_json)}};
}

json::value value_of(const Config& config) {
  json::array dirs;
  for (const auto& dir : config.plugin_dirs)
    dirs.emplace_back(dir.string());
  json::array processors;
  for (const auto& p : config.processors)
    processors.push_back(value_of(p));
  return {{"log", {{"sync", config.sync_full ? "full" : "normal"}}},
          {"host", {{"plugin_dirs", std::move(dirs)}, {"log_level", to_string(config.log_level)}}},
          {"processors", std::move(processors)}};
}

}  // namespace

Result<int> config_check_command(const Globals& globals,
                                 const std::vector<std::filesystem::path>& plugin_dirs) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto plugins = find_plugins(installation->config, plugin_dirs);
  if (!plugins) return plugins.error();
  const auto plan = make_plan(installation->config, *plugins);
  if (!plan) return plan.error();
  json::array refusals;
  for (const auto& refused : plan->refused) {
    refusals.push_back({{"processor", refused.name}, {"message", refused.error.message}});
    if (!globals.json) std::printf("%s: %s\n", refused.name.c_str(), refused.error.message.c_str());
  }
  if (globals.json) {
    json::array names;
    for (const auto& planned : plan->processors)
      names.emplace_back(planned.config.name);
    std::printf(
        "%s\n",
        to_json(json::value{{"processors", std::move(names)}, {"refused", std::move(refusals)}}).c_str());
  } else if (plan->refused.empty()) {
    std::printf("%s: good, %s\n", installation->config.file.c_str(),
                counted(plan->processors.size(), "processor").c_str());
  }
  return plan->refused.empty() ? 0 : 1;
}

Result<int> config_show_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto text =
      globals.json ? to_json(value_of(installation->config)) + "\n" : to_toml(installation->config);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace aludel
