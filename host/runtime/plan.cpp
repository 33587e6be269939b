// SPDX-License-Identifier: MIT
#include "runtime/plan.hpp"

#include <aludel/plugin.h>
#include <map>
#include <optional>

#include "base/json.hpp"
#include "base/nearest.hpp"
#include "runtime/config_schema.hpp"
#include "runtime/ineffective.hpp"

namespace aludel {

namespace {

struct Candidate {
  const InspectedPlugin* plugin;
  const HandlerDescription* handler;

  [[nodiscard]] const std::filesystem::path& path() const { return plugin->library->path; }
};

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

// A name is looked for in all folders, a path is that file.
bool is_meant(const InspectedPlugin& plugin, const std::filesystem::path& written) {
  if (!written.has_parent_path()) return plugin.file.filename() == written;
  return plugin.file.lexically_normal() == written.lexically_normal();
}

std::vector<Candidate> candidates(const ProcessorConfig& config,
                                  const std::vector<InspectedPlugin>& plugins) {
  std::vector<Candidate> found;
  for (const auto& plugin : plugins) {
    if (!plugin.library || (!config.plugin.empty() && !is_meant(plugin, config.plugin))) continue;
    for (const auto& handler : plugin.library->handlers) {
      if (config.handler.empty() || handler.id == config.handler) found.push_back({&plugin, &handler});
    }
  }
  return found;
}

// Its message goes "refuse FILE: why".
std::string without_verb(const Error& error) {
  constexpr std::string_view verb = "refuse ";
  return error.message.substr(error.message.starts_with(verb) ? verb.size() : 0);
}

// What is found and cannot be looked into may hold what is looked for.
std::string refused_ones(const std::vector<InspectedPlugin>& plugins) {
  std::size_t count = 0;
  std::string first;
  for (const auto& plugin : plugins) {
    if (!plugin.library && count++ == 0) first = without_verb(plugin.library.error());
  }
  if (count == 0) return {};
  return (count == 1 ? "; one file that was found is refused: "
                     : "; " + std::to_string(count) +
                           " files that were found are refused (`aludel plugin list`), "
                           "the first: ") +
         first;
}

// Why there is no candidate.
Error not_there(const ProcessorConfig& config, const std::vector<InspectedPlugin>& plugins) {
  std::vector<std::string_view> ids;
  for (const auto& plugin : plugins) {
    const bool meant = !config.plugin.empty() && is_meant(plugin, config.plugin);
    if (meant && !plugin.library) return plugin.library.error();
    if (meant) {
      return {ErrorCode::not_found, plugin.file.string() + " has no handler " + in_quotes(config.handler)};
    }
    if (!plugin.library) continue;
    for (const auto& handler : plugin.library->handlers)
      ids.emplace_back(handler.id);
  }
  if (!config.plugin.empty()) {
    return {ErrorCode::not_found, "no plugin folder holds " + config.plugin.string() +
                                      "; name its folder in [host] plugin_dirs or with --plugin-dir"};
  }
  const auto refused = refused_ones(plugins);
  return {ErrorCode::not_found,
          "no plugin has the handler " + in_quotes(config.handler) + suggestion(config.handler, ids) +
              refused +
              (ids.empty() && refused.empty()
                   ? "; name the plugins' folder in [host] plugin_dirs or with --plugin-dir"
                   : "")};
}

Error ambiguous(const ProcessorConfig& config, const Candidate& one, const Candidate& other) {
  if (one.plugin == other.plugin) {
    return {ErrorCode::invalid, one.path().string() + " has several handlers, such as " +
                                    in_quotes(one.handler->id) + " and " + in_quotes(other.handler->id) +
                                    "; choose by handler = in [processor." + config.name + "]"};
  }
  return {ErrorCode::invalid, "both " + one.path().string() + " and " + other.path().string() +
                                  " have the handler " + in_quotes(one.handler->id) +
                                  "; choose by a path in plugin = of [processor." + config.name + "]"};
}

// `types` may narrow what a handler subscribes to. A type outside of it would never arrive: a slip. What a
// handler subscribes to in `create` is not known yet.
std::optional<Error> widened(const ProcessorConfig& config, const HandlerDescription& handler) {
  if ((handler.flags & ALUDEL_HANDLER_DYNAMIC) != 0) return std::nullopt;
  for (const auto& type : config.types) {
    if (overlaps_any(handler.subscriptions, type)) continue;
    return Error(ErrorCode::invalid, "types of [processor." + config.name + "] names " +
                                         in_quotes(to_string(type)) + ", to which " + handler.id +
                                         " does not subscribe; types can only narrow");
  }
  return std::nullopt;
}

void plan_configured(const ProcessorConfig& config, const std::vector<InspectedPlugin>& plugins, Plan& plan) {
  const auto refuse = [&](std::string handler, Error error) {
    plan.refused.push_back({config.name, std::move(handler), std::move(error)});
  };
  const auto found = candidates(config, plugins);
  if (found.empty()) return refuse(config.handler, not_there(config, plugins));
  if (found.size() > 1) return refuse(config.handler, ambiguous(config, found[0], found[1]));
  if (!config.sha256.empty() && found[0].plugin->sha256 != config.sha256) {
    return refuse(found[0].handler->id, unpinned(found[0].plugin->file, found[0].plugin->sha256));
  }
  if (auto error = widened(config, *found[0].handler)) return refuse(found[0].handler->id, *error);
  if (config.error_policy.uses(Strategy::custom) && !found[0].handler->has_on_error) {
    return refuse(found[0].handler->id,
                  {ErrorCode::invalid,
                   "the strategy custom of [processor." + config.name + "] asks the handler, but " +
                       found[0].handler->id + " has no on_error: use another strategy",
                   "no_on_error"});
  }
  if (const auto fault = config_fault(found[0].handler->config_schema, config.config_json)) {
    return refuse(found[0].handler->id,
                  {ErrorCode::refused, *fault + " (in [processor." + config.name + "])", "bad_config"});
  }
  for (auto& what : without_effect(config, *found[0].handler))
    plan.ineffective.push_back({config.name, std::move(what)});
  plan.processors.push_back({config, found[0].path(), *found[0].handler});
}

bool requires_config(const HandlerDescription& handler) {
  JsonDocument schema;
  return schema.parse(handler.config_schema, 0) && schema.at("/required/0");
}

// "org.aludel.ledger" -> "ledger". Handler ids are made of what a processor's name may be made of, and dots.
std::string name_of(const HandlerDescription& handler) {
  return handler.id.substr(handler.id.rfind('.') + 1).substr(0, 64);
}

Error clash(const Config& config, const PlannedProcessor& a, const PlannedProcessor& b) {
  const auto lines = [](const std::string& name, const PlannedProcessor& p, bool with_file) {
    return "`[processor." + name + "]`, `" + (with_file ? "plugin = " : "handler = ") +
           in_quotes(with_file ? p.library.string() : p.handler.id) + "`";
  };
  const bool same_handler = a.handler.id == b.handler.id;
  return {ErrorCode::invalid,
          "the handlers " + a.handler.id + " (" + a.library.string() + ") and " + b.handler.id + " (" +
              b.library.string() + ") would both be the processor " + in_quotes(a.config.name) +
              "; write into " + config.file.string() + ", each on a line of its own: " +
              lines(a.config.name, a, same_handler) + ", " + lines(a.config.name + "-2", b, same_handler)};
}

}  // namespace

Result<Plan> make_plan(const Config& config, const std::vector<InspectedPlugin>& plugins) {
  Plan plan;
  if (!config.processors.empty()) {
    for (const auto& processor : config.processors)
      plan_configured(processor, plugins, plan);
    return plan;
  }
  std::map<std::string, PlannedProcessor> by_name;
  for (const auto& plugin : plugins) {
    if (!plugin.library) continue;
    for (const auto& handler : plugin.library->handlers) {
      if (requires_config(handler)) {
        plan.left_out.push_back({name_of(handler), handler.id, plugin.library->path});
        continue;
      }
      PlannedProcessor planned{{}, plugin.library->path, handler};
      planned.config.name = name_of(handler);
      planned.config.handler = handler.id;
      const auto [there, added] = by_name.emplace(planned.config.name, planned);
      if (!added) return clash(config, there->second, planned);
    }
  }
  for (auto& [name, planned] : by_name)
    plan.processors.push_back(std::move(planned));
  return plan;
}

ProcessorState state_of(const RefusedProcessor& refused, std::int64_t now_ns) {
  const auto& error = refused.error;
  ProcessorState state;
  state.activity = Activity::refused;
  state.handler_id = refused.handler;
  state.error = ProcessorError{
      std::nullopt, now_ns, 0,
      "host",       "open", error.reason.empty() ? std::string(to_string(error.code)) : error.reason,
      error.message};
  return state;
}

bool is_wanted(const std::vector<Subscription>& subscriptions, const std::vector<Subscription>& types,
               std::string_view event_type) {
  return matches_any(subscriptions, event_type) && (types.empty() || matches_any(types, event_type));
}

}  // namespace aludel
