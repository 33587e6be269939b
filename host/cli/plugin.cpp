// SPDX-License-Identifier: MIT
#include <aludel/plugin.h>
#include <cstdio>

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "base/sha256.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "plugin/inspection.hpp"
#include "runtime/idle.hpp"
#include "runtime/installation.hpp"
#include "server/client.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

std::string types_of(const HandlerDescription& handler) {
  std::string types;
  for (const auto& subscription : handler.subscriptions)
    types += (types.empty() ? "" : " ") + to_string(subscription);
  if ((handler.flags & ALUDEL_HANDLER_DYNAMIC) != 0)
    types += types.empty() ? "(by its config)" : " (more by its config)";
  return types;
}

json::value value_of(const HandlerDescription& handler) {
  json::array types;
  for (const auto& subscription : handler.subscriptions)
    types.emplace_back(to_string(subscription));
  return {{"id", handler.id},
          {"name", handler.name},
          {"version", handler.version},
          {"vendor", handler.vendor},
          {"description", handler.description},
          {"projection_version", handler.projection_version},
          {"flags", handler.flags},
          {"types", std::move(types)},
          {"config_schema", handler.config_schema}};
}

json::value value_of(const InspectedPlugin& plugin) {
  if (!plugin.library) {
    return {{"file", plugin.file.string()},
            {"refused",
             {{"reason", plugin.library.error().reason}, {"message", plugin.library.error().message}}}};
  }
  json::array handlers;
  for (const auto& handler : plugin.library->handlers)
    handlers.push_back(value_of(handler));
  return {{"file", plugin.file.string()},
          {"abi_minor_built", plugin.library->abi_minor_built},
          {"abi_minor_required", plugin.library->abi_minor_required},
          {"handlers", std::move(handlers)}};
}

void print_handler(const HandlerDescription& handler) {
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) std::printf("  %-12s %s\n", what, on_one_line(text).c_str());
  };
  std::printf("handler %s\n", handler.id.c_str());
  line("name", handler.name);
  line("version", handler.version);
  line("vendor", handler.vendor);
  line("description", handler.description);
  line("types", types_of(handler));
  line("projection", "version " + std::to_string(handler.projection_version));
  line("config", handler.config_schema);
}

}  // namespace

Result<int> plugin_list_command(const Globals& globals,
                                const std::vector<std::filesystem::path>& plugin_dirs) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto plugins = find_plugins(installation->config, plugin_dirs);
  if (!plugins) return plugins.error();
  if (plugins->empty() && plugin_folders(installation->config, plugin_dirs).empty()) {
    std::fprintf(stderr, "aludel: %s\n", no_plugin_folder);
  }
  if (globals.json) {
    json::array all;
    for (const auto& plugin : *plugins)
      all.push_back(value_of(plugin));
    std::printf("%s\n", to_json(all).c_str());
    return 0;
  }
  Table table({{"FILE"}, {"HANDLER"}, {"VERSION"}, {"TYPES"}});
  for (const auto& plugin : *plugins) {
    if (!plugin.library) continue;
    for (const auto& handler : plugin.library->handlers) {
      table.add({plugin.file.string(), handler.id, handler.version, types_of(handler)});
    }
  }
  auto text = table.print();
  for (const auto& plugin : *plugins) {
    if (!plugin.library) text += on_one_line(plugin.library.error().message) + "\n";
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<int> plugin_info_command(const Globals& globals, const std::filesystem::path& file) {
  const InspectedPlugin plugin{file, inspect(file, this_program())};
  if (!plugin.library) return plugin.library.error();
  const auto digest = sha256_of(file);
  if (!digest) return digest.error();
  if (globals.json) {
    auto value = value_of(plugin);
    value.as_object()["sha256"] = *digest;
    std::printf("%s\n", to_json(value).c_str());
    return 0;
  }
  std::printf("plugin %s\n", file.c_str());
  std::printf("  %-12s %s\n", "SHA-256", digest->c_str());
  std::printf("  %-12s built for 1.%u, needs 1.%u\n", "ABI", plugin.library->abi_minor_built,
              plugin.library->abi_minor_required);
  for (const auto& handler : plugin.library->handlers)
    print_handler(handler);
  return 0;
}

Result<int> plugin_reload_command(const Globals& globals, const std::string& processor) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto host = HostClient::connect(installation->data.socket());
  if (!host && host.error().code == ErrorCode::not_found) {
    return Error(ErrorCode::not_found, "reload processor \"" + processor + "\": no host runs on " +
                                           globals.data.string() +
                                           ", and the next one takes the plugin as it is then");
  }
  const auto reloaded = host ? (*host)->reload(processor) : Result<Reloaded>(host.error());
  if (!reloaded) return reloaded.error();
  const auto text = globals.json ? to_json(*reloaded) : on_one_line(describe(*reloaded));
  std::printf("%s\n", text.c_str());
  return reloaded->works() || reloaded->state == Activity::paused ? 0 : 1;
}

}  // namespace aludel
