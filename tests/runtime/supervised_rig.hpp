// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/clock.hpp"
#include "base/os/descriptor.hpp"
#include "processor/projection.hpp"
#include "runtime/supervised.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

// A worker that does what the test says.
struct Script {
  Worker::Events events;
  std::vector<Processor::Start> starts;
  std::vector<std::string> libraries;
  int started = 0;
  int nudged = 0;
  int stopped = 0;
  int killed = 0;
  int pid = ::getpid();
  std::chrono::nanoseconds cpu_time{0};
  std::vector<std::string> death_outputs;  // that its starts were told
  std::optional<Error> cannot_start;
};

class ScriptedWorker final : public Worker {
 public:
  explicit ScriptedWorker(Script& script) : script_(script) {}
  [[nodiscard]] int pid() const override { return script_.pid; }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time() const override { return script_.cpu_time; }
  void stop() override { ++script_.stopped; }
  void nudge() override { ++script_.nudged; }
  void kill(const std::string&) override { ++script_.killed; }

 private:
  Script& script_;
};

// What a processor's first start makes, and what `sql` then does to it.
inline void make_projection(const std::filesystem::path& directory, const char* sql = "") {
  auto projection = Projection::open(directory);
  REQUIRE(projection);
  REQUIRE((*projection)->initialise({"org.example.x", "1.0.0", 0, Uuid::random(), Uuid::random()}, {}));
  REQUIRE((*projection)->database().execute(sql));
}

struct Rig {
  TempDir dir;
  Reactor reactor;
  os::Descriptor null{::open("/dev/null", O_WRONLY)};
  HostLog log{null.number(), LogLevel::error, HostLog::Format::text};
  Script script;
  int changes = 0;
  bool made_folder = true;
  Processor::Start start = Processor::Start::again;
  std::unique_ptr<Supervised> supervised = make(std::chrono::seconds(60));

  [[nodiscard]] ProcessorSpec spec_with(const char* library, const char* version,
                                        std::chrono::milliseconds timeout = std::chrono::seconds(60),
                                        const Allowance& allowance = {}) const {
    ProcessorSpec spec;
    spec.name = "x";
    spec.handler = "org.example.x";
    spec.handler_version = version;
    spec.library = library;
    spec.directory = dir.path();
    spec.timeout = timeout;
    spec.allowance = allowance;
    spec.start = start;
    return spec;
  }

  std::unique_ptr<Supervised> make(std::chrono::milliseconds timeout, const Allowance& allowance = {}) {
    const auto spec = spec_with("former.so", "1.0.0", timeout, allowance);
    auto start_worker = [this](const ProcessorSpec& s,
                               Worker::Events events) -> Result<std::unique_ptr<Worker>> {
      ++script.started;
      script.starts.push_back(s.start);
      script.libraries.push_back(s.library.string());
      script.death_outputs.push_back(s.death_output);
      if (script.cannot_start) return *script.cannot_start;
      script.events = std::move(events);
      return std::make_unique<ScriptedWorker>(script);
    };
    return std::make_unique<Supervised>(reactor, log, Supervised::Setup{spec, start_worker, made_folder},
                                        [this] { ++changes; });
  }

  // Ends the worker as a process would: from the reactor.
  void die() {
    const auto events = script.events;
    events.on_end({std::nullopt, "killed by signal 11 (Segmentation fault)", "one\nlast words\n"});
  }
  // Ends as a processor does whose folder another process holds.
  void end_locked() {
    ProcessorState state;
    state.activity = Activity::retrying;
    state.error = ProcessorError{std::nullopt, system_clock().wall_ns(),         0, "host", "open",
                                 "locked",     "lock x/lock: process 7 holds it"};
    const auto events = script.events;
    events.on_state(state);
    events.on_end({state, "exited with status 0", {}});
  }
  void end(Activity activity) {
    ProcessorState state;
    state.activity = activity;
    state.error = ProcessorError{5, 1, 1, "fail", "handle", "code", "why"};
    if (activity == Activity::offline) state.error.reset();
    const auto events = script.events;
    events.on_end({state, "exited with status 0", {}});
  }
  // Turns the loop until the worker was killed, or the time has passed.
  void run_until_killed_or(std::chrono::milliseconds limit) {
    std::unique_ptr<Reactor::Handle> look;
    std::function<void()> check = [&] {
      if (script.killed > 0) return reactor.stop();
      look = reactor.after(std::chrono::milliseconds(1), check);
    };
    reactor.post(check);
    const auto end = reactor.after(limit, [&] { reactor.stop(); });
    reactor.run();
  }
  // Turns the loop until the worker was started so many times.
  void run_until_started(int times) {
    run_until([this, times] { return script.started == times; });
  }
  // Turns the loop until the condition holds.
  void run_until(const std::function<bool()>& condition) {
    std::unique_ptr<Reactor::Handle> look;
    std::function<void()> check = [&] {
      if (condition()) return reactor.stop();
      look = reactor.after(std::chrono::milliseconds(1), check);
    };
    reactor.post(check);
    reactor.run();
  }
};

}  // namespace aludel
