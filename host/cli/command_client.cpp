// SPDX-License-Identifier: MIT
#include "cli/command_client.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/nearest.hpp"
#include "base/os/confined.hpp"
#include "base/os/file.hpp"
#include "base/os/landlock.hpp"
#include "cli/hint.hpp"
#include "plugin/trust.hpp"
#include "processor/projection.hpp"
#include "runtime/command_session.hpp"
#include "runtime/host.hpp"
#include "runtime/json_reading.hpp"
#include "runtime/noted_spec.hpp"
#include "server/client.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

constexpr auto look_interval = std::chrono::milliseconds(10);
constexpr auto state_interval = std::chrono::seconds(1);
constexpr auto bring_up_patience = std::chrono::seconds(2);
constexpr auto answer_patience = std::chrono::seconds(30);

// The projection as anybody may read it.
class ResultReader {
 public:
  static Result<ResultReader> open(const std::filesystem::path& directory) {
    auto database = Database::open(projection_link(directory), Database::Mode::read_only);
    if (!database) return database.error();
    auto tables = HostTables::open(**database);
    if (!tables) return tables.error();
    return ResultReader(std::move(*database), std::move(*tables));
  }

  Result<std::int64_t> applied() {
    const auto control = tables_.control();
    if (!control) return control.error();
    return control->applied;
  }
  Result<std::optional<CommandResult>> result(std::int64_t id) { return tables_.command_result(id); }
  /// A replay takes as long as it takes, and what was given behind it waits.
  Result<bool> replay_is_under_way() {
    const auto control = tables_.control();
    if (!control) return control.error();
    return control->unfinished != 0;
  }

 private:
  ResultReader(std::unique_ptr<Database> database, HostTables tables)
      : database_(std::move(database)), tables_(std::move(tables)) {}

  std::unique_ptr<Database> database_;
  HostTables tables_;
};

// The host decides which processors it starts when it is started itself.
Error not_started(const LiveState& live, const std::string& name) {
  auto why = "processor \"" + name + "\" is " + live.state + ": " + live.why;
  if (live.state != "retrying") why.append("; ").append(refused_remedy);
  return {ErrorCode::stopped, std::move(why)};
}

// Whether a processor's process has ended in this state, or waits for what may take long before it applies
// anything: for its folder, or, where a replay is to be applied, for its handler to come up.
bool is_at_rest(const LiveState& live) {
  constexpr std::string_view states[] = {"paused", "stopped", "refused", "diverged", "expired", "crashed"};
  return (live.state == "retrying" && !live.at_event) ||
         std::find(std::begin(states), std::end(states), live.state) != std::end(states);
}

// Why a command that a host was told of is not waited for any longer; nothing: it is.
// @param rested whether the processor was at rest at the look before: at the first one it may not have been
//   started for the command yet
std::optional<Error> why_not_awaited(const LiveState& live, const std::string& name, bool rested) {
  const auto processor = "processor \"" + name + "\"";
  if (live.state.empty()) return Error(ErrorCode::stopped, "the host has gone, or does not answer any more");
  if (live.state == "hanging")
    return Error(ErrorCode::timed_out, processor + " hangs in a call of its handler");
  if (!rested || !is_at_rest(live)) return std::nullopt;
  return Error(ErrorCode::stopped,
               processor + " is " + live.state + (live.why.empty() ? "" : ": ") + live.why);
}

Error not_taken_up(const LiveState& live, const std::string& name) {
  return {ErrorCode::timed_out, "processor \"" + name + "\" is " + live.state +
                                    ", but has not taken it up in " + format_duration(answer_patience) +
                                    ": look whether its process is stopped, or the disk is busy"};
}

Result<CommandResult> wait_for(const Installation& installation, const std::string& name,
                               ResultReader& reader, std::int64_t id) {
  auto now = system_clock().now();
  auto look_at_state = now + state_interval;
  auto given_up_at = now + answer_patience;
  for (bool rested = false;; now = system_clock().now()) {
    const auto result = reader.result(id);
    if (!result) return result.error();
    if (*result && (*result)->finished) return **result;
    if (now >= look_at_state) {
      const auto live = live_state(installation, name);
      if (auto why = why_not_awaited(live, name, rested)) return std::move(*why);
      const auto replays = reader.replay_is_under_way();
      if (!replays) return replays.error();
      if (*replays) given_up_at = now + answer_patience;
      if (now >= given_up_at) return not_taken_up(live, name);
      rested = is_at_rest(live);
      look_at_state += state_interval;
    }
    std::this_thread::sleep_for(look_interval);
  }
}

// The processors that a host would start, or try to.
std::vector<std::string> planned_names(const Installation& installation) {
  std::vector<std::string> names;
  for (const auto& processor : installation.config.processors)
    names.push_back(processor.name);
  if (!names.empty()) return names;
  const auto plugins = find_plugins(installation.config, {});
  const auto plan = plugins ? make_plan(installation.config, *plugins) : Result<Plan>(plugins.error());
  if (!plan) return names;
  for (const auto& planned : plan->processors)
    names.push_back(planned.config.name);
  return names;
}

Error never_told(const std::string& name) {
  return {ErrorCode::not_found, "start processor \"" + name +
                                    "\" for it: neither the config nor a host has said how: name it in the "
                                    "config, with its plugin"};
}

// What a host would tell the processor; where no config names it any more, what the last one told it.
Result<ProcessorSpec> spec_for(const Installation& installation, const std::string& name, LogLevel level) {
  if (const auto plugins = find_plugins(installation.config, {}); plugins) {
    if (const auto plan = make_plan(installation.config, *plugins); plan) {
      for (const auto& planned : plan->processors) {
        if (planned.config.name == name) return spec_of(planned, installation.data, level);
      }
    }
  }
  auto spec = noted_spec(installation.data, name);
  if (!spec && spec.error().code == ErrorCode::not_found) return never_told(name);
  if (!spec) return spec;
  if (auto trusted = check_trust(spec->library, installation.config.trust); !trusted) return trusted.error();
  return spec;
}

// Until the child has applied the command, or another process that holds the folder has; until there is a
// host that runs the processor; or until its handler has not come up for a while.
ProcessorState apply_in_child(const Installation& installation, ProcessorSpec spec, ResultReader& reader,
                              std::int64_t id) {
  std::optional<std::chrono::steady_clock::time_point> held_up_since;
  const auto in_vain = [&](const ProcessorState& state) {
    if (state.activity != Activity::retrying || !state.error || state.error->event_id) {
      held_up_since.reset();
      return false;
    }
    const auto result = reader.result(id);
    if (!result || (*result && (*result)->finished)) return true;
    if (state.error->code == to_string(ErrorCode::locked)) {
      return HostClient::connect(installation.data.socket()).has_value();
    }
    const auto now = system_clock().now();
    if (!held_up_since) held_up_since = now;
    return now - *held_up_since >= bring_up_patience;
  };
  const HostLog log(STDERR_FILENO, LogLevel::warning, HostLog::Format::text);
  return apply_commands(std::move(spec), log, in_vain);
}

Result<CommandResult> apply_alone(const Installation& installation, const std::string& name,
                                  ResultReader& reader, std::int64_t id) {
  auto spec = spec_for(installation, name, LogLevel::warning);
  if (!spec) return spec.error();
  const auto state = apply_in_child(installation, std::move(*spec), reader, id);
  const auto result = reader.result(id);
  if (!result) return result.error();
  if (*result && (*result)->finished) return **result;
  if (const auto host = HostClient::connect(installation.data.socket()); host && (*host)->nudge(name)) {
    return wait_for(installation, name, reader, id);
  }
  return Error(ErrorCode::stopped, "processor \"" + name + "\" did not apply it: it is " +
                                       std::string(to_string(state.activity)) +
                                       (state.error ? ": " + describe(*state.error) : std::string()));
}

// The queue has a write-ahead log, so another journal is none of ours.
Result<void> refuse_journal(const std::filesystem::path& directory) {
  const auto journal = directory / "control.db-journal";
  const auto there = os::is_there(journal);
  if (!there) return there.error();
  if (!*there) return {};
  return Error(ErrorCode::refused, "give a command: " + journal.string() +
                                       " may be its plugin's, to have other files removed: remove it");
}

// What a plugin leaves in its folder for SQLite to find, a journal of another database's files perhaps, is
// not to have anything written or removed elsewhere.
Result<std::int64_t> post(const std::filesystem::path& directory, const Command& command,
                          std::int64_t applied) {
  if (os::landlock_version() == 0) {
    if (auto refused = refuse_journal(directory); !refused) return refused.error();
  }
  Result<std::int64_t> id = 0;
  const auto done = os::do_confined(directory, [&] {
    auto queue = CommandQueue::open(directory);
    id = queue ? (*queue)->post(command, applied) : queue.error();
  });
  return done ? id : done.error();
}

// Whatever has come between: it was given, and will be applied.
Error kept(std::int64_t id, const Error& error) {
  const auto code = error.code == ErrorCode::timed_out ? error.code : ErrorCode::stopped;
  return {code, error.message + "; command " + std::to_string(id) + " is kept, and applied once it can be"};
}

}  // namespace

LiveState live_state(const Installation& installation, const std::string& name) {
  auto host = HostClient::connect(installation.data.socket());
  if (!host) return {};
  const auto status = (*host)->status();
  if (!status) return {};
  const auto state = read_json<LiveState>(*status, "the host's status", [&](const json::object& o) {
    for (const auto& processor : o.at("processors").as_array()) {
      const auto& p = processor.as_object();
      if (text_at(p, "name") != name) continue;
      const auto& error = p.at("error");
      if (error.is_null()) return LiveState{text_at(p, "state"), {}, false};
      const auto& e = error.as_object();
      return LiveState{text_at(p, "state"), text_at(e, "message"), !e.at("event_id").is_null()};
    }
    return LiveState{};
  });
  return state ? *state : LiveState{};
}

Error never_run(const Installation& installation, const std::string& name) {
  const auto live = live_state(installation, name);
  if (!live.why.empty()) return not_started(live, name);
  return {ErrorCode::not_found,
          "processor \"" + name + "\" has no projection yet: a host has to run it first"};
}

Result<std::filesystem::path> processor_directory(const Installation& installation, const std::string& name) {
  const auto& data = installation.data;
  const auto names = data.processor_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return data.processor(name);
  const auto planned = planned_names(installation);
  if (std::find(planned.begin(), planned.end(), name) != planned.end()) return never_run(installation, name);
  std::vector<std::string_view> known(names.begin(), names.end());
  known.insert(known.end(), planned.begin(), planned.end());
  return Error(ErrorCode::not_found,
               "there is no processor \"" + name + "\" in " + data.root().string() + suggestion(name, known));
}

Result<CommandResult> give_command(const Installation& installation, const std::string& processor,
                                   const Command& command) {
  const auto directory = processor_directory(installation, processor);
  if (!directory) return directory.error();
  auto reader = ResultReader::open(*directory);
  if (!reader && reader.error().code == ErrorCode::not_found) return never_run(installation, processor);
  if (!reader)
    return advised(reader.error().within("give a command to processor \"" + processor + "\""), *directory);
  const auto applied = reader->applied();
  if (!applied) return applied.error();
  const auto id = post(*directory, command, *applied);
  if (!id) return id.error();
  // By the host, or without one if none runs the processor, or it died before it had heard of the command.
  const auto host = HostClient::connect(installation.data.socket());
  const auto nudged = host ? (*host)->nudge(processor) : host.error();
  if (!nudged && nudged.error().code == ErrorCode::timed_out) return kept(*id, nudged.error());
  auto result = nudged ? wait_for(installation, processor, *reader, *id)
                       : apply_alone(installation, processor, *reader, *id);
  if (!result) return kept(*id, result.error());
  if (nudged || command.kind != Command::Kind::resume) return result;
  const auto live = live_state(installation, processor);
  return live.state == "refused" ? not_started(live, processor) : result;
}

}  // namespace aludel
