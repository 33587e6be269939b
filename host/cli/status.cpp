// SPDX-License-Identifier: MIT
#include "runtime/status.hpp"

#include <cstdio>

#include <boost/json.hpp>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "runtime/json_reading.hpp"
#include "server/client.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

// What the config and the plugins say. Where they cannot be read, `aludel config check` tells why; what the
// log and the processors' folders say stands without.
Plan plan_for(const Installation& installation) {
  const auto plugins = find_plugins(installation.config, {});
  if (!plugins) return {};
  auto plan = make_plan(installation.config, *plugins);
  return plan ? std::move(*plan) : Plan{};
}

Result<std::string> status_json(const Installation& installation) {
  auto host = HostClient::connect(installation.data.socket());
  if (host) return (*host)->status();
  const auto status = read_status(installation, plan_for(installation), std::nullopt);
  if (!status) return status.error();
  return to_json(*status);
}

// Plugins and producers choose the words.
std::string one_line(std::string_view text) {
  return on_one_line(text, limits::log_line_max);
}

std::string text_of(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return one_line(value.as_string());
  return json::serialize(value);
}

std::string table_of(const json::array& processors) {
  using Align = Table::Align;
  Table table({{"PROCESSOR"},
               {"HANDLER"},
               {"STATE"},
               {"CURSOR", Align::right},
               {"LAG", Align::right},
               {"HANDLED", Align::right},
               {"SKIPPED", Align::right},
               {"LETTERS", Align::right}});
  for (const auto& value : processors) {
    std::vector<std::string> cells;
    for (const auto* key :
         {"name", "handler", "state", "cursor", "lag", "handled", "skipped", "dead_letters"}) {
      cells.push_back(text_of(value.at(key)));
    }
    table.add(std::move(cells));
  }
  return table.print();
}

std::string errors_of(const json::array& processors) {
  std::string out;
  for (const auto& value : processors) {
    const auto& error = value.at("error");
    if (error.is_null()) continue;
    out += text_of(value.at("name")) + ": ";
    if (!error.at("event_id").is_null()) out += "event " + text_of(error.at("event_id")) + ": ";
    out += text_of(error.at("code")) + ": " + text_of(error.at("message")) + "\n";
  }
  return out;
}

std::string print(const json::object& status) {
  const auto& log = status.at("log").as_object();
  const auto& processors = status.at("processors").as_array();
  const auto& unrouted = status.at("unrouted").as_object();
  auto out = "log: " + counted(number_at(log, "events"), "event") + ", " +
             human_size(number_at(log, "bytes")) + "\n";
  if (!processors.empty()) out += table_of(processors) + errors_of(processors);
  if (unrouted.empty()) return out;
  out += "unrouted:";
  const char* separator = " ";
  for (const auto& [type, count] : unrouted) {
    out += separator + one_line(type) + " " + with_commas(count.to_number<std::uint64_t>());
    separator = ", ";
  }
  return out + "\n";
}

}  // namespace

Result<int> status_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto text = status_json(*installation);
  if (!text) return text.error();
  const auto shown = globals.json ? *text : read_json<std::string>(*text, "the host's status", print);
  if (!shown) return shown.error();
  std::fputs(shown->c_str(), stdout);
  if (globals.json && !shown->ends_with('\n')) std::fputc('\n', stdout);
  return 0;
}

}  // namespace aludel
