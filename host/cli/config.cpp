// SPDX-License-Identifier: MIT
#include "runtime/config.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include <boost/json.hpp>

#include "base/byte_size.hpp"
#include "base/duration.hpp"
#include "base/json_writer.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "runtime/idle.hpp"
#include "runtime/installation.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::object on_value(const Treatment& treatment) {
  json::object on;
  if (treatment.on_retry) on["retry"] = to_string(*treatment.on_retry);
  if (treatment.on_fail) on["fail"] = to_string(*treatment.on_fail);
  return on;
}

json::object retry_value(const RetryPolicy& retry) {
  return {{"max_retries", retry.max_retries},
          {"initial_delay", format_duration(retry.backoff.first)},
          {"max_delay", format_duration(retry.backoff.max)},
          {"multiplier", retry.backoff.multiplier},
          {"jitter", retry.backoff.jitter},
          {"then", to_string(retry.then)}};
}

json::object type_value(const ErrorPolicy& policy) {
  json::object types;
  for (const auto& [type, treatment] : policy.types) {
    json::object value{{"on", on_value(treatment)}};
    if (treatment.strategy) value["strategy"] = to_string(*treatment.strategy);
    if (treatment.retry) value["retry"] = retry_value(*treatment.retry);
    types[type] = std::move(value);
  }
  return types;
}

json::object replay_value(const ReplayPolicy& replay) {
  return {{"strategy", to_string(replay.strategy)},
          {"max_retries", replay.max_retries},
          {"initial_delay", format_duration(replay.initial_delay)},
          {"max_delay", format_duration(replay.max_delay)},
          {"multiplier", replay.multiplier},
          {"min_age", format_duration(replay.min_age)},
          {"check_interval", format_duration(replay.check_interval)},
          {"batch_size", replay.batch_size},
          {"order", to_string(replay.order)},
          {"stop_on_consecutive_failures", replay.stop_on_consecutive_failures}};
}

json::value breaker_value(const std::optional<BreakerPolicy>& breaker) {
  if (!breaker) return nullptr;
  return {{"failures", breaker->failures},
          {"within", format_duration(breaker->within)},
          {"open", format_duration(breaker->open)},
          {"successes", breaker->successes}};
}

json::object limits_value(const Allowance& allowance) {
  const auto& [memory, cpu_time, open_files, threads, log_lines, emitted_events, transaction_size] =
      allowance;
  return {{"memory", memory ? json::value(format_byte_size(*memory)) : json::value(nullptr)},
          {"cpu_time", cpu_time ? json::value(format_duration(*cpu_time)) : json::value(nullptr)},
          {"open_files", open_files},
          {"threads", threads},
          {"log_lines", log_lines},
          {"emitted_events", emitted_events},
          {"transaction_size", format_byte_size(transaction_size)}};
}

json::value value_of(const ProcessorConfig& p) {
  json::array types;
  for (const auto& type : p.types)
    types.emplace_back(to_string(type));
  return {{"name", p.name},
          {"handler", p.handler},
          {"plugin", p.plugin.string()},
          {"sha256", p.sha256},
          {"types", std::move(types)},
          {"start", to_string(p.start_at)},
          {"strategy", to_string(p.error_policy.processor.strategy.value_or(Strategy::fail_fast))},
          {"on", on_value(p.error_policy.processor)},
          {"retry", retry_value(p.error_policy.processor.retry.value_or(RetryPolicy{}))},
          {"type", type_value(p.error_policy)},
          {"replay", replay_value(p.replay)},
          {"batch_size", p.batch_size},
          {"timeout", format_duration(p.timeout)},
          {"limits", limits_value(p.allowance)},
          {"breaker", breaker_value(p.breaker)},
          {"isolation", p.isolation == Isolation::process ? "process" : "thread"},
          {"config", json::parse(p.config_json)}};
}

json::value log_value(const Config& config) {
  const auto& [max_age, max_bytes] = config.retention;
  return {{"sync", config.sync_full ? "full" : "normal"},
          {"max_age", max_age ? json::value(format_duration(*max_age)) : json::value(nullptr)},
          {"max_bytes", max_bytes ? json::value(format_byte_size(*max_bytes)) : json::value(nullptr)},
          {"min_free", format_byte_size(config.min_free)},
          {"segment_size", format_byte_size(config.segment_size)}};
}

json::value value_of(const Config& config) {
  json::array dirs;
  for (const auto& dir : config.plugin_dirs)
    dirs.emplace_back(dir.string());
  json::array writable;
  for (const auto& path : config.trust.writable_plugins)
    writable.emplace_back(path.string());
  json::array allow;
  for (const auto& digest : config.trust.allow)
    allow.emplace_back(digest);
  json::array processors;
  for (const auto& p : config.processors)
    processors.push_back(value_of(p));
  return {{"log", log_value(config)},
          {"host",
           {{"plugin_dirs", std::move(dirs)},
            {"writable_plugins", std::move(writable)},
            {"allow", std::move(allow)},
            {"log_level", to_string(config.log_level)}}},
          {"processors", std::move(processors)}};
}

// What a host would make of the config and the plugins.
struct Findings {
  const Installation& installation;
  const Plan& plan;
  std::vector<InspectedPlugin> refused_plugins;  // that no processor is refused for already
  std::optional<Idle> idle;

  [[nodiscard]] bool good() const {
    return plan.refused.empty() && refused_plugins.empty() && !(idle && idle->by_mistake);
  }
  // Where the processor begins in the config, which names each that can be refused.
  [[nodiscard]] std::uint32_t line_of(const std::string& name) const {
    for (const auto& processor : installation.config.processors) {
      if (processor.name == name) return processor.line;
    }
    return 0;
  }
  [[nodiscard]] bool has_config() const {
    std::error_code ignored;
    return std::filesystem::exists(installation.config.file, ignored);
  }
};

std::vector<InspectedPlugin> unused_refusals(const Plan& plan, const std::vector<InspectedPlugin>& plugins) {
  std::vector<InspectedPlugin> result;
  for (const auto& plugin : plugins) {
    if (plugin.library) continue;
    const auto told = [&](const auto& r) { return r.error.message == plugin.library.error().message; };
    if (std::none_of(plan.refused.begin(), plan.refused.end(), told)) result.push_back(plugin);
  }
  return result;
}

json::value value_of(const Findings& check) {
  json::array processors;
  for (const auto& planned : check.plan.processors)
    processors.emplace_back(planned.config.name);
  json::array refused;
  for (const auto& r : check.plan.refused)
    refused.push_back({{"processor", r.name}, {"message", r.error.message}});
  json::array plugins;
  for (const auto& p : check.refused_plugins)
    plugins.push_back({{"file", p.file.string()}, {"message", p.library.error().message}});
  json::array left_out;
  for (const auto& l : check.plan.left_out)
    left_out.push_back({{"handler", l.handler}, {"file", l.library.string()}});
  json::array ineffective;
  for (const auto& i : check.plan.ineffective)
    ineffective.push_back({{"processor", i.name}, {"message", i.what}});
  return {{"processors", std::move(processors)},
          {"refused", std::move(refused)},
          {"refused_plugins", std::move(plugins)},
          {"left_out", std::move(left_out)},
          {"ineffective", std::move(ineffective)}};
}

void print(const Findings& check) {
  const auto& file = check.installation.config.file;
  if (!check.has_config()) std::printf("there is no %s: every handler found would run\n", file.c_str());
  for (const auto& ineffective : check.plan.ineffective) {
    std::printf("%s:%u: warning: %s\n", file.c_str(), check.line_of(ineffective.name),
                ineffective.what.c_str());
  }
  for (const auto& refused : check.plan.refused) {
    std::printf("%s:%u: %s: %s\n", file.c_str(), check.line_of(refused.name), refused.name.c_str(),
                refused.error.message.c_str());
  }
  if (check.idle) {
    std::printf("%s\n", check.idle->why.c_str());
    return;
  }
  for (const auto& plugin : check.refused_plugins)
    std::printf("%s\n", plugin.library.error().message.c_str());
  for (const auto& left_out : check.plan.left_out)
    std::printf("left out: %s\n", describe(left_out).c_str());
  if (!check.good()) return;
  const auto what = check.has_config() ? file.string() + ": good, " : "good, ";
  std::printf("%s%s\n", what.c_str(), counted(check.plan.processors.size(), "processor").c_str());
}

// It holds wherever it is saved: in the file, relative paths are seen from its folder.
Config with_whole_paths(Config config) {
  const auto whole = [](const std::filesystem::path& path) {
    std::error_code failure;
    const auto found = std::filesystem::absolute(path, failure).lexically_normal();
    return failure ? path : found;
  };
  for (auto& dir : config.plugin_dirs)
    dir = whole(dir);
  for (auto& path : config.trust.writable_plugins)
    path = whole(path);
  for (auto& processor : config.processors) {
    if (processor.plugin.has_parent_path()) processor.plugin = whole(processor.plugin);
  }
  return config;
}

Result<Installation> existing_installation(const Globals& globals, const char* attempt) {
  std::error_code ignored;
  if (std::filesystem::exists(globals.data, ignored)) return load_installation(globals.data, globals.config);
  return Error(ErrorCode::not_found, std::string(attempt) + " the config of " + globals.data.string() +
                                         ": there is no such folder; correct --data");
}

}  // namespace

Result<int> config_check_command(const Globals& globals,
                                 const std::vector<std::filesystem::path>& plugin_dirs) {
  const auto installation = existing_installation(globals, "check");
  if (!installation) return installation.error();
  const auto plugins = find_plugins(installation->config, plugin_dirs);
  if (!plugins) return plugins.error();
  const auto plan = make_plan(installation->config, *plugins);
  if (!plan) return plan.error();
  const Findings check{*installation, *plan, unused_refusals(*plan, *plugins),
                       why_idle(*plan, *plugins, plugin_folders(installation->config, plugin_dirs))};
  if (globals.json) {
    std::printf("%s\n", to_json(value_of(check)).c_str());
  } else {
    print(check);
  }
  return check.good() ? 0 : 1;
}

Result<int> config_show_command(const Globals& globals) {
  const auto installation = existing_installation(globals, "show");
  if (!installation) return installation.error();
  const auto config = with_whole_paths(installation->config);
  const auto text = globals.json ? to_json(value_of(config)) + "\n" : to_toml(config);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace aludel
