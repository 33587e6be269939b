// SPDX-License-Identifier: MIT
#include "runtime/status.hpp"

#include <algorithm>
#include <aludel/plugin.h>
#include <set>

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "base/sqlite.hpp"
#include "base/time.hpp"
#include "log/segment_reader.hpp"
#include "processor/host_tables.hpp"
#include "processor/ownership.hpp"
#include "processor/projection.hpp"
#include "runtime/noted_spec.hpp"
#include "runtime/verdict.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

struct Listening {
  std::vector<Subscription> subscriptions;
  std::vector<Subscription> types;
  bool dynamic = false;  // it subscribes when it is created: to anything, as far as its plugin says
};

// What a processor listened to when a host ran it last.
std::optional<Listening> last_listening(const DataDirectory& data, const std::string& name) {
  auto spec = noted_spec(data, name);
  if (!spec) return std::nullopt;
  return Listening{std::move(spec->subscriptions), std::move(spec->types)};
}

// The processors that count as configured, and what each listens to. Where the plugins are not found (they
// may lie in a folder that only `run` was told of), it is what the last host knew.
std::map<std::string, Listening> configured(const Installation& installation, const Plan& plan) {
  std::map<std::string, Listening> result;
  for (const auto& p : plan.processors) {
    const bool dynamic = (p.handler.flags & ALUDEL_HANDLER_DYNAMIC) != 0;
    auto subscriptions = dynamic ? std::vector{Subscription{}} : p.handler.subscriptions;
    result.emplace(p.config.name, Listening{std::move(subscriptions), p.config.types, dynamic});
  }
  for (const auto& refused : plan.refused) {
    result.emplace(refused.name, last_listening(installation.data, refused.name).value_or(Listening{}));
  }
  for (const auto& p : installation.config.processors) {
    if (result.contains(p.name)) continue;
    result.emplace(p.name, last_listening(installation.data, p.name).value_or(Listening{}));
  }
  if (!installation.config.processors.empty()) return result;
  for (const auto& name : installation.data.processor_names()) {
    if (result.contains(name)) continue;
    if (auto listening = last_listening(installation.data, name)) result.emplace(name, *listening);
  }
  return result;
}

// That it is expired follows from where the log begins, whoever has found that out.
void look_for_drop(ProcessorState& state, std::uint64_t first) {
  if (state.next >= first || state.activity == Activity::diverged || state.activity == Activity::refused)
    return;
  if (state.activity == Activity::expired && state.error) return;
  auto gone = expired(state.next, first, 0);
  state.activity = gone.activity;
  state.error = std::move(gone.error);
}

// @param first the event with which the log begins
ProcessorState durable_state(const DataDirectory& data, const std::string& name, std::uint64_t first) {
  ProcessorState state;
  bool has_projection = false;
  if (auto read = read_state(data.processor(name)); read) {
    state = *read;
    has_projection = true;
  } else if (read.error().code != ErrorCode::not_found) {
    state.activity = Activity::refused;
    state.error = ProcessorError{
        std::nullopt, 0, 0, "host", "open", std::string(to_string(read.error().code)), read.error().message};
  }
  if (auto verdict = read_verdict(data.host_folder(name))) {
    if (state.activity != Activity::paused) state.activity = verdict->activity;
    state.error = verdict->error;
  }
  if (has_projection) look_for_drop(state, first);
  return state;
}

// What the next host would find, if nobody has yet: the projection is not of this log, or of another history
// of it.
std::optional<ProcessorError> divergence(const std::filesystem::path& directory, EventReader& log) {
  auto database = Database::look(projection_link(directory));
  if (!database) return std::nullopt;
  const auto there = HostTables::exist(**database);
  if (!there || !*there) return std::nullopt;
  auto tables = HostTables::open(**database);
  if (!tables) return std::nullopt;
  const auto identity = tables->identity();
  const auto cursor = tables->cursor();
  if (!identity || !cursor) return std::nullopt;
  auto strange = check_ownership(*identity, cursor->position, identity->handler_id, log, 0);
  if (!strange || strange->activity != Activity::diverged) return std::nullopt;
  return std::move(strange->error);
}

// A new processor that cannot be started has no folder that says so.
ProcessorState known_state(const DataDirectory& data, const std::string& name, const Plan& plan,
                           std::uint64_t first) {
  std::error_code failure;
  if (std::filesystem::exists(data.processor(name), failure) || failure) {
    return durable_state(data, name, first);
  }
  for (const auto& refused : plan.refused) {
    if (refused.name == name) return state_of(refused, 0);
  }
  return {};
}

// Counters are durable, the rest is as the host sees it: the one lags behind by a batch, the other by
// nothing.
void overlay(ProcessorState& state, const ProcessorState& live) {
  state.activity = live.activity;
  state.error = live.error;
  state.next = std::max(state.next, live.next);
  if (!live.handler_id.empty()) state.handler_id = live.handler_id;
  if (!live.handler_version.empty()) state.handler_version = live.handler_version;
}

std::string_view handler_in(const Plan& plan, std::string_view name, bool version) {
  for (const auto& p : plan.processors) {
    if (p.config.name == name) return version ? p.handler.version : p.handler.id;
  }
  for (const auto& r : plan.refused) {
    if (r.name == name && !version) return r.handler;
  }
  return {};
}

// As it is configured, on this machine: its own process tells nothing of it.
void look_at_sandbox(Status::Processor& processor, const Installation& installation, const Plan& plan) {
  ProcessorConfig config;  // where none is written
  for (const auto& configured : installation.config.processors) {
    if (configured.name == processor.name) config = configured;
  }
  for (const auto& planned : plan.processors) {
    if (planned.config.name == processor.name) config = planned.config;
  }
  if (config.isolation == Isolation::thread) {
    processor.sandbox = SandboxLevel::off;
    processor.sandbox_missing = {"a process of its own: isolation = \"thread\""};
  } else {
    processor.sandbox = config.sandbox.level;
    processor.sandbox_missing = missing_parts(config.sandbox.level, sandbox_support());
  }
}

json::value sandbox_value(const Status::Processor& processor) {
  if (!processor.sandbox) return nullptr;
  return {{"level", to_string(*processor.sandbox)}, {"missing", json::value_from(processor.sandbox_missing)}};
}

json::value error_value(const std::optional<ProcessorError>& error) {
  if (!error) return nullptr;
  json::value event_id = nullptr;
  if (error->event_id) event_id = *error->event_id;
  json::value since = nullptr;
  if (error->since_ns != 0) since = format_time(error->since_ns);
  json::value next_try = nullptr;
  if (error->next_try_ns) next_try = format_time(*error->next_try_ns);
  return {{"event_id", event_id},      {"code", error->code},   {"message", error->message},
          {"outcome", error->outcome}, {"stage", error->stage}, {"since", since},
          {"next_try", next_try}};
}

json::value processor_value(const Status::Processor& processor) {
  const auto& state = processor.state;
  json::value cursor = nullptr;
  if (state.next > 0) cursor = state.next - 1;
  json::value paused_since = nullptr;
  if (state.paused_ns) paused_since = format_time(*state.paused_ns);
  return {{"name", processor.name},
          {"handler", state.handler_id},
          {"version", state.handler_version},
          {"state", to_string(state.activity)},
          {"cursor", cursor},
          {"lag", processor.lag},
          {"handled", state.handled},
          {"skipped", state.skipped},
          {"dead_letters", state.dead_letters},
          {"expired", state.expired},
          {"emits_pending", state.emits_pending},
          {"commands_kept", state.commands_kept},
          {"paused_since", paused_since},
          {"attempt", state.error ? state.error->attempt : 0},
          {"error", error_value(state.error)},
          {"sandbox", sandbox_value(processor)}};
}

}  // namespace

Result<Status> read_status(const Installation& installation, const Plan& plan,
                           const std::optional<LiveStates>& live) {
  auto reader = SegmentReader::open(os::real_file_system(), installation.data.log());
  if (!reader) return reader.error();
  const auto stats = (*reader)->stats();
  if (!stats) return stats.error();
  const auto counts = (*reader)->type_counts();
  if (!counts) return counts.error();

  const auto free = os::real_file_system().free_space(installation.data.log());

  Status status;
  status.events = stats->events;
  status.first = stats->first;
  status.bytes = stats->bytes;
  status.disk_full = free && *free < installation.config.min_free;
  auto listening = configured(installation, plan);
  std::set<std::string> names;
  for (const auto& [name, ignored] : listening)
    names.insert(name);
  for (auto& name : installation.data.processor_names())
    names.insert(std::move(name));
  for (const auto& name : names) {
    Status::Processor processor{name, known_state(installation.data, name, plan, status.first), 0};
    auto& state = processor.state;
    if (state.handler_id.empty()) state.handler_id = handler_in(plan, name, false);
    if (state.handler_version.empty()) state.handler_version = handler_in(plan, name, true);
    const auto listens = listening.find(name);
    if (listens != listening.end() && listens->second.dynamic && !state.subscriptions.empty()) {
      listens->second.subscriptions = state.subscriptions;
    }
    const auto running = live ? live->find(name) : LiveStates::const_iterator();
    if (listens == listening.end()) {
      state.activity = Activity::unconfigured;
    } else if (live && running != live->end()) {
      overlay(state, running->second);
    } else if (state.activity == Activity::offline || state.activity == Activity::stopped) {
      if (auto diverged = divergence(installation.data.processor(name), **reader)) {
        state.activity = Activity::diverged;
        state.error = std::move(diverged);
      }
    }
    if (listens != listening.end()) look_at_sandbox(processor, installation, plan);
    processor.lag = status.events - std::min(status.events, state.next);
    status.processors.push_back(std::move(processor));
  }
  for (const auto& [type, count] : *counts) {
    const std::string_view name = type;
    const bool wanted = std::any_of(listening.begin(), listening.end(), [&](const auto& entry) {
      return is_wanted(entry.second.subscriptions, entry.second.types, name);
    });
    if (!wanted) status.unrouted.emplace(type, count);
  }
  return status;
}

std::string to_json(const Status& status) {
  json::array processors;
  for (const auto& processor : status.processors)
    processors.push_back(processor_value(processor));
  json::object unrouted;
  for (const auto& [type, count] : status.unrouted)
    unrouted[type] = count;
  return to_json(json::value{{"log",
                              {{"events", status.events},
                               {"first", status.first},
                               {"bytes", status.bytes},
                               {"disk_full", status.disk_full}}},
                             {"processors", std::move(processors)},
                             {"unrouted", std::move(unrouted)}});
}

}  // namespace aludel
