// SPDX-License-Identifier: MIT
#include "runtime/host.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "runtime/noted_spec.hpp"
#include "runtime/plugin_copy.hpp"
#include "runtime/processor_marks.hpp"
#include "runtime/reload.hpp"
#include "runtime/verdict.hpp"

namespace aludel {

namespace {

// Earlier hosts kept their files where the plugin can write: nothing goes by what is there.
void remove_former_files(const std::filesystem::path& directory) {
  remove_plugin_copies(directory);
  std::error_code ignored;
  for (const auto* name : {"processor.json", "host.json"})
    std::filesystem::remove(directory / name, ignored);
}

Result<void> make_folders(const ProcessorSpec& spec) {
  for (const auto* folder : {&spec.directory, &spec.host_directory}) {
    if (auto made = os::real_file_system().create_directories(*folder); !made) return made;
  }
  return {};
}

// The processor's folders, with what it is to be told. @return its copy of the plugin
Result<std::filesystem::path> prepare_folders(const ProcessorSpec& spec) {
  if (auto made = make_folders(spec); !made) return made.error();
  remove_former_files(spec.directory);
  remove_plugin_copies(spec.host_directory);
  auto copy = copy_plugin(spec.library, spec.host_directory);
  if (!copy) return copy;
  if (auto noted = note_spec(spec); !noted) return noted.error();
  return copy;
}

}  // namespace

ProcessorSpec spec_of(const PlannedProcessor& planned, const DataDirectory& data, LogLevel level) {
  ProcessorSpec spec;
  spec.name = planned.config.name;
  spec.library = planned.library;
  place(spec, data);
  spec.sha256 = planned.config.sha256;
  spec.handler = planned.handler.id;
  spec.handler_version = planned.handler.version;
  spec.config_json = planned.config.config_json;
  spec.subscriptions = planned.handler.subscriptions;
  spec.types = planned.config.types;
  spec.error_policy = planned.config.error_policy;
  spec.replay = planned.config.replay;
  spec.start_at = planned.config.start_at;
  spec.batch_size = planned.config.batch_size;
  spec.timeout = planned.config.timeout;
  spec.log_level = level;
  spec.sandbox = planned.config.sandbox;
  spec.allowance = planned.config.allowance;
  spec.breaker = planned.config.breaker;
  return spec;
}

Result<std::unique_ptr<SegmentLog>> open_log(const Installation& installation, ReportSink report) {
  auto known = processor_marks(installation.data, installation.config.sync_full);
  if (known.unread) {
    return known.unread->within("open the log " + installation.data.log().string() +
                                ": who knows of its events cannot be told");
  }
  OpenOptions options;
  options.dir = installation.data.log();
  options.sync = installation.config.sync_full ? Sync::full : Sync::normal;
  options.known = std::move(known.marks);
  options.segment_size = installation.config.segment_size;
  options.min_free = installation.config.min_free;
  options.report = std::move(report);
  return SegmentLog::open(options);
}

Result<std::unique_ptr<Host>> Host::open(Options options, const HostLog& host_log) {
  const auto plugins = find_plugins(options.installation.config, options.plugin_dirs);
  if (!plugins) return plugins.error();
  for (const auto& plugin : *plugins) {
    if (!plugin.library) host_log.write(LogLevel::warning, {}, plugin.library.error().message);
  }
  auto plan = make_plan(options.installation.config, *plugins);
  if (!plan) return plan.error();
  for (const auto& left_out : plan->left_out)
    host_log.write(LogLevel::info, {}, "left out: " + describe(left_out));
  for (const auto& [name, what] : plan->ineffective)
    host_log.write(LogLevel::warning, name, what);
  auto idle = why_idle(*plan, *plugins, plugin_folders(options.installation.config, options.plugin_dirs));
  auto log = open_log(options.installation,
                      [&host_log](const std::string& note) { host_log.write(LogLevel::warning, {}, note); });
  if (!log) return log.error();
  auto found = options.installation.data.list_processors();
  if (!found) return found.error();
  std::unique_ptr<Host> host(new Host(std::move(options), host_log, std::move(*plan), std::move(idle),
                                      std::move(*found), std::move(*log)));
  host->prepare();
  return host;
}

Host::Host(Options options, const HostLog& host_log, Plan plan, std::optional<Idle> idle,
           std::vector<std::string> found, std::unique_ptr<SegmentLog> log)
    : options_(std::move(options)),
      host_log_(host_log),
      plan_(std::move(plan)),
      idle_(std::move(idle)),
      found_(std::move(found)),
      log_(std::move(log)),
      relays_(*log_),
      supervisor_(*log_, host_log) {}

void Host::prepare() {
  tell_missing_sandbox();
  const auto now_ns = system_clock().wall_ns();
  for (const auto& refused : plan_.refused)
    stand_still(refused.name, state_of(refused, now_ns));
  for (const auto& planned : plan_.processors) {
    reloading_.try_emplace(planned.config.name);
    if (options_.watch) taken_.emplace(planned.config.name, PluginWatch::stamp(planned.library));
    auto spec = spec_of(planned, data(), host_log_.level());
    std::error_code ignored;
    const bool is_new = !std::filesystem::exists(std::filesystem::symlink_status(spec.directory, ignored));
    auto copy = prepare_folders(spec);
    if (!copy) {
      auto state = state_of({spec.name, spec.handler, copy.error()}, now_ns);
      state.activity = Activity::stopped;
      stand_still(spec.name, std::move(state));
      continue;
    }
    spec.library = std::move(*copy);
    const bool on_thread = planned.config.isolation == Isolation::thread;
    auto start = [this, on_thread](const ProcessorSpec& s,
                                   Worker::Events events) -> Result<std::unique_ptr<Worker>> {
      if (on_thread) {
        return start_thread_worker(supervisor_.reactor(), s, relays_.gate(s.name), std::move(events));
      }
      return start_child_worker(supervisor_.reactor(), s, this_program(), &relays_, std::move(events));
    };
    supervisor_.add({std::move(spec), std::move(start), is_new});
  }
  if (options_.installation.config.processors.empty()) refuse_vanished(now_ns);
}

void Host::tell_missing_sandbox() const {
  const auto is_confined = [](const PlannedProcessor& planned) {
    return planned.config.isolation == Isolation::process &&
           planned.config.sandbox.level != SandboxLevel::off;
  };
  if (std::none_of(plan_.processors.begin(), plan_.processors.end(), is_confined)) return;
  for (const auto& part : missing_parts(SandboxLevel::basic, sandbox_support()))
    host_log_.write(LogLevel::warning, {}, "sandboxes lack a part on this kernel: " + part);
}

void Host::refuse_vanished(std::int64_t now_ns) {
  for (const auto& name : found_) {
    const auto is_it = [&](const auto& planned) { return planned.config.name == name; };
    const bool is_planned = std::any_of(plan_.processors.begin(), plan_.processors.end(), is_it);
    if (is_planned || not_started_.contains(name)) continue;
    const Error gone(
        ErrorCode::not_found,
        fmt::format("run processor \"{0}\": no plugin that was found has a handler for it, and the log is "
                    "kept for it: put its plugin back and start the host again, or end the host and give it "
                    "up with `processor remove {0}`",
                    name));
    stand_still(name, state_of({name, {}, gone}, now_ns));
  }
}

// One that has a folder keeps the reason there; a new one gets none.
void Host::stand_still(const std::string& name, ProcessorState state) {
  const bool says_so = state.error->message.starts_with("refuse ");
  host_log_.write(LogLevel::error, name,
                  (says_so ? "" : std::string(to_string(state.activity)) + ": ") + state.error->message);
  std::error_code ignored;
  if (std::filesystem::is_directory(data().processor(name), ignored)) {
    if (auto written = write_verdict(data().host_folder(name), {state.activity, *state.error}); !written) {
      host_log_.write(LogLevel::error, name, written.error().message);
    }
  }
  not_started_.emplace(name, std::move(state));
}

Plan Host::plan() const {
  const std::lock_guard lock(plan_mutex_);
  return plan_;
}

Result<PlannedProcessor> Host::planned(std::string_view name) const {
  const auto text = std::string(name);
  if (const auto found = not_started_.find(text); found != not_started_.end()) {
    return Error(ErrorCode::stopped, "reload processor \"" + text + "\": it is " +
                                         std::string(to_string(found->second.activity)) + ": " +
                                         found->second.error->message +
                                         "; mend it, then start the host again");
  }
  for (auto& planned : plan().processors) {
    if (planned.config.name == name) return std::move(planned);
  }
  return Error(ErrorCode::not_found, "this host runs no processor \"" + text + "\"");
}

Result<Reloaded> Host::reload(std::string_view name) {
  std::unique_lock<std::mutex> turn;
  if (const auto its = reloading_.find(name); its != reloading_.end()) turn = std::unique_lock(its->second);
  const auto former = planned(name);
  if (!former) return former.error();
  auto reloaded = reload(*former);
  if (!reloaded) {
    reloaded = reloaded.error().within("reload processor \"" + former->config.name + "\"");
  }
  const bool good = reloaded && reloaded->works();
  host_log_.write(good ? LogLevel::info : LogLevel::warning, former->config.name,
                  reloaded ? describe(*reloaded) : reloaded.error().message);
  return reloaded;
}

// What is inspected, what is copied and what runs then is one and the same, or it is not taken.
Result<Reloaded> Host::reload(const PlannedProcessor& former) {
  auto& files = os::real_file_system();
  const auto stays = "; version " + former.handler.version + " stays";
  const auto refused = [&](const Error& error) {
    return Error(error.code, error.message + stays, error.reason);
  };
  const auto before = files.status(former.library);
  if (!before) return refused(before.error());
  const auto planned = plan_anew(former, options_.installation.config.trust);
  if (!planned) return refused(planned.error());
  auto spec = spec_of(*planned, data(), host_log_.level());
  if (auto made = make_folders(spec); !made) return refused(made.error());
  auto copy = copy_plugin(planned->library, spec.host_directory);
  if (!copy) return refused(copy.error());
  spec.library = *copy;
  const auto behind = files.status(former.library);
  auto reloaded = behind && *behind == *before
                      ? supervisor_.reload(std::move(spec))
                      : Result<Reloaded>(Error(ErrorCode::stopped, "it changes just now: try again" + stays));
  if (!reloaded) {
    (void)files.remove(*copy);
    return reloaded.error().within(former.library.string());
  }
  remove_plugin_copies(copy->parent_path(), copy->filename().string());
  take_over(*planned);
  return reloaded;
}

// As the next host would have it.
void Host::take_over(const PlannedProcessor& reloaded) {
  const auto spec = spec_of(reloaded, data(), host_log_.level());
  const std::lock_guard lock(plan_mutex_);
  for (auto& planned : plan_.processors) {
    if (planned.config.name == spec.name) planned = reloaded;
  }
  if (auto noted = note_spec(spec); !noted) {
    host_log_.write(LogLevel::error, spec.name, noted.error().message);
  }
}

LiveStates Host::live() const {
  auto states = supervisor_.live();
  states.insert(not_started_.begin(), not_started_.end());
  return states;
}

// Configured ones hold the log up, be they refused. Where the config names none those are meant that a host
// has run: their plugins may be found again.
std::vector<LogKeeper::Holder> Host::holders() const {
  std::vector<LogKeeper::Holder> holders;
  for (const auto& planned : plan_.processors) {
    holders.push_back({planned.config.name, data().processor(planned.config.name),
                       planned.config.start_at.kind == StartAt::Kind::tip});
  }
  for (const auto& refused : plan_.refused)
    holders.push_back({refused.name, data().processor(refused.name), false});
  if (!options_.installation.config.processors.empty()) return holders;
  for (const auto& name : found_) {
    const auto is_it = [&](const auto& holder) { return holder.name == name; };
    if (std::none_of(holders.begin(), holders.end(), is_it))
      holders.push_back({name, data().processor(name), false});
  }
  return holders;
}

std::unique_ptr<PluginWatch> Host::watch_plugins() {
  if (!options_.watch) return nullptr;
  std::map<std::string, std::filesystem::path> plugins;
  for (const auto& planned : plan().processors)
    plugins.emplace(planned.config.name, planned.library);
  return std::make_unique<PluginWatch>(PluginWatch::Parts{
      std::move(plugins), taken_, plugin_folders(options_.installation.config, options_.plugin_dirs),
      host_log_, [this](const std::string& name) { (void)reload(name); }});
}

Supervisor::End Host::run(std::optional<Supervisor::Drain> drain) {
  const auto& policy = options_.installation.config.retention;
  LogKeeper keeper({*log_, policy, holders(), host_log_,
                    [this](const std::string& name) { return supervisor_.nudge(name, Nudge::drop); }});
  if (policy.drops()) keeper.start();
  const auto watch = watch_plugins();
  auto end = supervisor_.run(drain);
  if (!drain) return end;
  for (const auto& [name, state] : not_started_)
    end.behind.push_back({name, state, {}});
  std::sort(end.behind.begin(), end.behind.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return end;
}

}  // namespace aludel
