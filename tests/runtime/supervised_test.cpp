// SPDX-License-Identifier: MIT
#include "runtime/supervised.hpp"

#include <fcntl.h>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/os/descriptor.hpp"
#include "runtime/verdict.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

// A worker that does what the test says.
struct Script {
  Worker::Events events;
  int started = 0;
  int stopped = 0;
  int killed = 0;
};

class ScriptedWorker final : public Worker {
 public:
  explicit ScriptedWorker(Script& script) : script_(script) {}
  void stop() override { ++script_.stopped; }
  void kill() override { ++script_.killed; }

 private:
  Script& script_;
};

struct Rig {
  TempDir dir;
  Reactor reactor;
  os::Descriptor null{::open("/dev/null", O_WRONLY)};
  HostLog log{null.number(), LogLevel::error, HostLog::Format::text};
  Script script;
  int changes = 0;
  std::unique_ptr<Supervised> supervised = make(std::chrono::seconds(60));

  std::unique_ptr<Supervised> make(milliseconds timeout) {
    ProcessorSpec spec;
    spec.name = "x";
    spec.handler = "org.example.x";
    spec.directory = dir.path();
    auto start = [this](const ProcessorSpec&, Worker::Events events) -> Result<std::unique_ptr<Worker>> {
      ++script.started;
      script.events = std::move(events);
      return std::make_unique<ScriptedWorker>(script);
    };
    return std::make_unique<Supervised>(reactor, log, Supervised::Setup{spec, timeout, start},
                                        [this] { ++changes; });
  }

  // Ends the worker as a process would: from the reactor.
  void die() {
    const auto events = script.events;
    events.on_end({std::nullopt, "killed by signal 11 (Segmentation fault)", "one\nlast words\n"});
  }
  void end(Activity activity) {
    ProcessorState state;
    state.activity = activity;
    state.error = ProcessorError{5, 1, 1, "fail", "handle", "code", "why"};
    if (activity == Activity::offline) state.error.reset();
    const auto events = script.events;
    events.on_end({state, "exited with status 0", {}});
  }
  void run_until_started(int times) {
    run_until([this, times] { return script.started == times; });
  }
  // Turns the loop until the condition holds.
  void run_until(const std::function<bool()>& condition) {
    std::unique_ptr<Reactor::Handle> look;
    std::function<void()> check = [&] {
      if (condition()) return reactor.stop();
      look = reactor.after(milliseconds(1), check);
    };
    reactor.post(check);
    reactor.run();
  }
};

}  // namespace

TEST_CASE("what the worker says of itself is what is told") {
  Rig rig;
  rig.supervised->start();
  CHECK(rig.supervised->state().activity == Activity::running);
  CHECK(rig.supervised->state().handler_id == "org.example.x");
  ProcessorState waiting;
  waiting.activity = Activity::waiting;
  waiting.next = 7;
  rig.script.events.on_state(waiting);
  CHECK(rig.supervised->state().activity == Activity::waiting);
  CHECK(rig.supervised->state().next == 7);
  CHECK_FALSE(rig.supervised->ended());
  CHECK(rig.changes == 2);
}

TEST_CASE("a processor that ends by itself is not started again") {
  for (const auto activity : {Activity::stopped, Activity::diverged}) {
    Rig rig;
    rig.supervised->start();
    rig.end(activity);
    CHECK(rig.supervised->ended());
    CHECK(rig.supervised->state().activity == activity);
    CHECK(rig.supervised->state().error->message == "why");
    CHECK(rig.script.started == 1);
  }
}

TEST_CASE("a new processor that is refused leaves no folder") {
  Rig rig;
  rig.supervised->start();
  rig.end(Activity::refused);
  CHECK(rig.supervised->state().activity == Activity::refused);
  CHECK_FALSE(std::filesystem::exists(rig.dir.path()));
}

TEST_CASE(
    "five deaths without progress are the end, told with the last words, and durable until the next start") {
  Rig rig;
  rig.supervised->start();
  for (int death = 1; death < limits::deaths_without_commit_max; ++death) {
    rig.die();
    CHECK(rig.supervised->state().activity == Activity::retrying);
    rig.run_until_started(death + 1);
  }
  rig.die();
  CHECK(rig.supervised->ended());
  const auto& state = rig.supervised->state();
  CHECK(state.activity == Activity::crashed);
  CHECK(state.error->message ==
        "died 5 times without progress: killed by signal 11 (Segmentation fault); it wrote last: last words");
  const auto verdict = read_verdict(rig.dir.path());
  REQUIRE(verdict);
  CHECK(verdict->activity == Activity::crashed);
  CHECK(verdict->error.message == state.error->message);

  rig.supervised = rig.make(std::chrono::seconds(60));
  rig.supervised->start();
  CHECK_FALSE(read_verdict(rig.dir.path()));
}

TEST_CASE("one that is asked to stop ends offline, also between two starts, and stays stopped if it was") {
  {
    Rig rig;
    rig.supervised->start();
    rig.supervised->stop();
    CHECK(rig.script.stopped == 1);
    rig.end(Activity::offline);
    CHECK(rig.supervised->state().activity == Activity::offline);
  }
  {
    Rig rig;
    rig.supervised->start();
    rig.die();
    rig.supervised->stop();
    CHECK(rig.supervised->ended());
    CHECK(rig.supervised->state().activity == Activity::offline);
  }
  {
    Rig rig;
    rig.supervised->start();
    rig.supervised->stop();
    rig.end(Activity::stopped);
    CHECK(rig.supervised->state().activity == Activity::stopped);
  }
  {
    Rig rig;
    rig.supervised->start();
    rig.supervised->stop();
    rig.supervised->kill();
    CHECK(rig.script.killed == 1);
    rig.die();
    CHECK(rig.supervised->ended());
    CHECK(rig.supervised->state().activity == Activity::offline);
  }
}

TEST_CASE("one that does not stop in time is killed, and the call is named") {
  Rig rig;
  auto page = InFlightPage::create(rig.dir.path() / "page");
  REQUIRE(page);
  rig.supervised->start();
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 42, 1);
  rig.supervised->stop(milliseconds(10));
  rig.run_until([&] { return rig.script.killed > 0; });
  CHECK(rig.supervised->stuck_in() == "handle of event 42");
  rig.die();
  CHECK(rig.supervised->state().activity == Activity::offline);
}

TEST_CASE("an end that nobody asked for is a death") {
  Rig rig;
  rig.supervised->start();
  rig.end(Activity::offline);
  CHECK_FALSE(rig.supervised->ended());
  rig.run_until_started(2);
}

TEST_CASE("a call that takes over the timeout is killed, but not a migration, and the event is named") {
  Rig rig;
  rig.supervised = rig.make(milliseconds(20));
  auto page = InFlightPage::create(rig.dir.path() / "page");
  REQUIRE(page);
  const auto run_until_killed_or = [&](milliseconds limit) {
    std::unique_ptr<Reactor::Handle> look;
    std::function<void()> check = [&] {
      if (rig.script.killed > 0) return rig.reactor.stop();
      look = rig.reactor.after(milliseconds(1), check);
    };
    rig.reactor.post(check);
    const auto end = rig.reactor.after(limit, [&] { rig.reactor.stop(); });
    rig.reactor.run();
  };
  rig.supervised->start();
  (*page)->enter(static_cast<std::uint32_t>(Stage::migrate), 0, 0);
  run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  (*page)->leave();
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 42, 1);
  run_until_killed_or(std::chrono::seconds(30));
  CHECK(rig.script.killed == 1);
  rig.die();
  CHECK(rig.supervised->state().error->event_id == 42u);
  CHECK(rig.supervised->state().error->code == "timed_out");
  CHECK(rig.supervised->state().error->message ==
        "a call took over 20ms and was killed in handle of event 42; it wrote last: last words");
}

}  // namespace aludel
