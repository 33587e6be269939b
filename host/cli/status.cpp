// SPDX-License-Identifier: MIT
#include "runtime/status.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "cli/command_client.hpp"
#include "cli/commands.hpp"
#include "cli/hint.hpp"
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
  auto told = host ? (*host)->status() : host.error();
  if (told || (host && told.error().code != ErrorCode::timed_out)) return told;
  if (told.error().code == ErrorCode::timed_out) {
    std::fprintf(stderr, "aludel: %s: is it stopped? what follows is what the files say\n",
                 told.error().message.c_str());
  }
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

// "stopped at event 4711 since 10:32:07: insufficient_funds: balance 120, withdrawal 500; attempt 1". What is
// found out by the look alone has no time. A pause has another time than the failure before it.
std::string what_happened(const json::object& processor) {
  const auto& error = processor.at("error");
  if (error.is_null()) return {};
  auto out = text_of(processor.at("state"));
  const bool paused = text_at(processor, "state") == "paused";
  if (paused) out += " since " + text_of(processor.at("paused_since")) + ", failed before";
  if (!error.at("event_id").is_null()) out += " at event " + text_of(error.at("event_id"));
  if (!error.at("since").is_null()) out += (paused ? " on " : " since ") + text_of(error.at("since"));
  if (error.at("code") != processor.at("state")) out += ": " + text_of(error.at("code"));
  if (const auto message = text_of(error.at("message")); !message.empty()) out += ": " + message;
  const auto attempt = number_at(processor, "attempt");
  if (attempt > 0) out += "; attempt " + std::to_string(attempt);
  return out;
}

// What makes it go on.
std::string waits_for(const Globals& globals, const json::object& processor) {
  const auto state = text_at(processor, "state");
  const auto name = text_at(processor, "name");
  const auto& error = processor.at("error");
  if ((state == "retrying" || state == "tripped") && !error.is_null() && !error.at("next_try").is_null()) {
    // What the host tries again is no attempt of the handler's, but a start of its process.
    const bool starts = text_of(error.at("outcome")) == "host" && text_of(error.at("stage")) != "relay";
    const auto what =
        starts ? "its next start" : "attempt " + std::to_string(number_at(processor, "attempt") + 1);
    // What it has emitted is to be in the log first.
    const bool paused = !processor.at("paused_since").is_null();
    return what + " at " + text_of(error.at("next_try")) +
           (paused ? ", then " + to_type(globals, "processor resume " + name) : "");
  }
  if (state == "waiting") return "events";
  if (state == "hanging") return "its call, or the `timeout`";
  if (state == "paused" || state == "stopped" || state == "crashed") {
    return to_type(globals, "processor resume " + name);
  }
  if (state == "refused") return "a new start of the host";
  if (state == "diverged") return to_type(globals, "processor reset " + name);
  if (state == "expired") return to_type(globals, "processor skip " + name);
  if (state == "offline") return "a host";
  return "-";
}

std::string since(const json::object& processor) {
  if (text_at(processor, "state") == "paused") return text_of(processor.at("paused_since"));
  const auto& error = processor.at("error");
  return error.is_null() ? "-" : text_of(error.at("since"));
}

// The same for the line that says why it does not; empty: it goes on by itself.
std::string remedy(const Globals& globals, const json::object& processor) {
  const auto next = waits_for(globals, processor);
  const auto state = text_at(processor, "state");
  const auto& error = processor.at("error");
  if (state == "refused" && error.at("code") == "corrupt") {
    return damaged_remedy(DataDirectory(globals.data).processor(text_at(processor, "name")));
  }
  if (state == "refused") return refused_remedy;
  if (state == "expired") return "";  // the reason says it
  if (state == "diverged") {
    return "`" + next + "` begins anew: it drops the handler's tables and discards its open letters";
  }
  if (state == "offline" && !error.at("next_try").is_null()) {
    return "a host tries again, not before " + text_of(error.at("next_try"));
  }
  if (next.starts_with("aludel ")) return "`" + next + "` tries again";
  if (state == "tripped")
    return next + ", or with `" + to_type(globals, "processor resume " + text_at(processor, "name")) + "`";
  return state == "retrying" && next != "-" ? next : "";
}

std::string errors_of(const Globals& globals, const json::array& processors) {
  std::string out;
  for (const auto& value : processors) {
    const auto& processor = value.as_object();
    const auto happened = what_happened(processor);
    if (happened.empty()) continue;
    out += text_of(processor.at("name")) + " " + happened;
    const auto helps = remedy(globals, processor);
    if (!helps.empty()) out += "; " + helps;
    out += "\n";
  }
  return out;
}

std::string list_of(const Globals& globals, const json::array& processors) {
  using Align = Table::Align;
  Table table(
      {{"PROCESSOR"}, {"STATE"}, {"CURSOR", Align::right}, {"LAG", Align::right}, {"WAITS FOR"}, {"SINCE"}});
  for (const auto& value : processors) {
    const auto& p = value.as_object();
    table.add({text_of(p.at("name")), text_of(p.at("state")), text_of(p.at("cursor")), text_of(p.at("lag")),
               waits_for(globals, p), since(p)});
  }
  return table.print() + errors_of(globals, processors);
}

// What is committed but not in the log yet, and what was asked but is not done yet.
std::string pending_of(const json::array& processors) {
  std::string out;
  for (const auto& value : processors) {
    const auto& processor = value.as_object();
    const auto name = text_at(processor, "name");
    const auto emits = number_at(processor, "emits_pending");
    const auto commands = number_at(processor, "commands_kept");
    if (emits > 0) out += name + " emits pending: " + with_commas(emits) + "\n";
    if (commands > 0) out += name + " commands kept: " + with_commas(commands) + "\n";
  }
  return out;
}

// Only what is less than `basic` with all its parts.
std::string sandboxes_of(const json::array& processors) {
  std::string out;
  for (const auto& value : processors) {
    const auto& processor = value.as_object();
    const auto* sandbox = processor.at("sandbox").if_object();
    if (sandbox == nullptr) continue;
    std::string missing;
    for (const auto& part : sandbox->at("missing").as_array())
      missing += (missing.empty() ? ", without " : "; ") + text_of(part);
    const auto level = text_at(*sandbox, "level");
    if (level == "off" || !missing.empty())
      out.append(text_at(processor, "name")).append(" sandbox: ").append(level).append(missing).append("\n");
  }
  return out;
}

// What none of them will handle any more.
std::string expired_of(const json::array& processors) {
  std::string out;
  for (const auto& value : processors) {
    const auto& processor = value.as_object();
    const auto expired = number_at(processor, "expired");
    if (expired == 0) continue;
    out += text_at(processor, "name") + " expired: " + counted(expired, "event") +
           " dropped from the log before it came to them\n";
  }
  return out;
}

// From where the log is kept, and whether it takes more.
std::string log_of(const json::object& log) {
  auto out =
      "log: " + counted(number_at(log, "events"), "event") + ", " + human_size(number_at(log, "bytes"));
  const auto first = number_at(log, "first");
  if (first > 0) out += "; kept from event " + std::to_string(first) + " on";
  if (!log.at("disk_full").as_bool()) return out + "\n";
  return out +
         "; it takes no events: its file system has less free than min_free in [log] keeps: free some "
         "space\n";
}

// The most frequent ones; all of them are in the JSON.
std::string unrouted_of(const json::object& unrouted) {
  constexpr std::size_t shown_max = 10;
  std::vector<std::pair<std::uint64_t, std::string>> types;
  for (const auto& [type, count] : unrouted)
    types.emplace_back(count.to_number<std::uint64_t>(), type);
  std::stable_sort(types.begin(), types.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto shown = std::min(types.size(), shown_max);
  std::string out = "unrouted:";
  for (std::size_t i = 0; i < shown; ++i)
    out += (i == 0 ? " " : ", ") + one_line(types[i].second) + " " + with_commas(types[i].first);
  if (types.size() > shown) out += " and " + with_commas(types.size() - shown) + " more";
  return out + "\n";
}

std::string print(const Globals& globals, const json::object& status) {
  const auto& log = status.at("log").as_object();
  const auto& processors = status.at("processors").as_array();
  const auto& unrouted = status.at("unrouted").as_object();
  auto out = log_of(log);
  if (!processors.empty()) {
    out += table_of(processors) + errors_of(globals, processors) + expired_of(processors) +
           pending_of(processors) + sandboxes_of(processors);
  }
  return unrouted.empty() ? out : out + unrouted_of(unrouted);
}

}  // namespace

Result<int> status_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto text = status_json(*installation);
  if (!text) return text.error();
  const auto shown = globals.json ? *text
                                  : read_json<std::string>(
                                        *text, "the host's status",
                                        [&](const json::object& status) { return print(globals, status); });
  if (!shown) return shown.error();
  std::fputs(shown->c_str(), stdout);
  if (globals.json && !shown->ends_with('\n')) std::fputc('\n', stdout);
  return 0;
}

Result<int> processor_list_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto text = status_json(*installation);
  if (!text) return text.error();
  const auto shown = read_json<std::string>(*text, "the host's status", [&](const json::object& status) {
    const auto& processors = status.at("processors").as_array();
    return globals.json ? json::serialize(processors) + "\n" : list_of(globals, processors);
  });
  if (!shown) return shown.error();
  std::fputs(shown->c_str(), stdout);
  return 0;
}

}  // namespace aludel
