// SPDX-License-Identifier: MIT
#include "runtime/supervised.hpp"

#include <csignal>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"
#include "runtime/verdict.hpp"
#include "supervised_rig.hpp"

namespace aludel {

using std::chrono::milliseconds;

TEST_CASE("what the worker says of itself is what is told") {
  Rig rig;
  rig.supervised->start();
  CHECK(rig.supervised->state().activity == Activity::running);
  CHECK(rig.supervised->state().handler_id == "org.example.x");
  const auto page = InFlightPage::create(rig.dir.path() / "page");
  REQUIRE(page);
  (*page)->enter(static_cast<std::uint32_t>(Stage::start), 0, 0);
  (*page)->leave();
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

TEST_CASE(
    "a processor whose folder this host made, and that is refused before it has committed, leaves none") {
  const std::function<void(const Rig&)> traces[] = {
      [](const Rig&) {},
      [](const Rig& rig) {
        REQUIRE(Database::open(rig.dir.path() / "projection-1.db", Database::Mode::create));
      },
      [](const Rig& rig) { make_projection(rig.dir.path()); },
  };
  for (const auto& leave : traces) {
    Rig rig;
    leave(rig);
    rig.supervised->start();
    rig.end(Activity::refused);
    CHECK(rig.supervised->state().activity == Activity::refused);
    CHECK_FALSE(std::filesystem::exists(rig.dir.path()));
    CHECK_FALSE(std::filesystem::exists(rig.host_dir.path()));
  }
}

TEST_CASE("what may be a projection is never removed") {
  const std::function<void(const Rig&)> traces[] = {
      [](const Rig& rig) { make_projection(rig.dir.path(), "update _aludel_cursor set next = 1"); },
      [](const Rig& rig) {
        make_projection(rig.dir.path(), "update _aludel_identity set projection_version = 1");
      },
      [](const Rig& rig) {
        make_projection(rig.dir.path(), "update _aludel_cursor set next = 1");
        std::filesystem::remove(rig.dir.path() / "projection.db");
      },
      [](const Rig& rig) { std::ofstream(rig.dir.path() / "projection-1.db") << "damaged"; },
      [](const Rig& rig) { std::ofstream(rig.dir.path() / "projection-2.db") << "of a later Aludel"; },
      [](const Rig& rig) { std::ofstream(rig.dir.path() / "projection.db") << "no link"; },
      [](const Rig& rig) {
        std::filesystem::create_symlink("projection-1.db", rig.dir.path() / "projection.db");
      },
      [](const Rig& rig) {
        std::filesystem::create_symlink("projection.db", rig.dir.path() / "projection.db");
      },
  };
  for (const auto& leave : traces) {
    Rig rig;
    leave(rig);
    rig.supervised->start();
    rig.end(Activity::refused);
    CHECK(rig.supervised->state().activity == Activity::refused);
    CHECK(std::filesystem::exists(rig.dir.path()));
    const auto verdict = read_verdict(rig.host_dir.path());
    REQUIRE(verdict);
    CHECK(verdict->activity == Activity::refused);
    CHECK(verdict->error.message == "why");
  }
}

TEST_CASE("a folder that another host made, or whose processor only stopped, stays") {
  Rig old;
  old.made_folder = false;
  old.supervised = old.make(std::chrono::seconds(60));
  old.supervised->start();
  old.end(Activity::refused);
  CHECK(std::filesystem::exists(old.dir.path()));
  Rig stopped;
  stopped.supervised->start();
  stopped.end(Activity::stopped);
  CHECK(std::filesystem::exists(stopped.dir.path()));
}

TEST_CASE(
    "five deaths without progress are the end, told with the last words, and durable until the next start") {
  Rig rig;
  rig.supervised->start();
  for (int death = 1; death < limits::deaths_without_commit_max; ++death) {
    rig.die();
    CHECK(rig.supervised->state().activity == Activity::retrying);
    CHECK(rig.supervised->state().error->next_try_ns > rig.supervised->state().error->since_ns);
    rig.run_until_started(death + 1);
  }
  rig.die();
  CHECK(rig.supervised->ended());
  const auto& state = rig.supervised->state();
  CHECK(state.activity == Activity::crashed);
  CHECK(state.error->message ==
        "died 5 times without progress: killed by signal 11 (Segmentation fault); it wrote last: last words");
  const auto verdict = read_verdict(rig.host_dir.path());
  REQUIRE(verdict);
  CHECK(verdict->activity == Activity::crashed);
  CHECK(verdict->error.message == state.error->message);

  rig.supervised = rig.make(std::chrono::seconds(60));
  rig.supervised->start();
  CHECK_FALSE(read_verdict(rig.host_dir.path()));
}

TEST_CASE(
    "after a death that its event has failed by it is started at once, and what that makes is progress") {
  Rig rig;
  make_projection(rig.dir.path());
  rig.supervised->start();
  const auto file = rig.dir.path() / "page";
  const auto dies_at_once = [&](std::uint32_t attempt, int signal) {
    const auto page = InFlightPage::create(file);
    REQUIRE(page);
    (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 0, attempt);
    InFlightPage::note_end(file, static_cast<std::uint64_t>(::getpid()),
                           {ProcessEnd::Kind::signalled, static_cast<std::uint32_t>(signal)});
    const int started = rig.script.started;
    rig.die();
    REQUIRE_FALSE(rig.supervised->ended());
    const auto& error = rig.supervised->state().error;
    const bool at_once = error->next_try_ns == error->since_ns;
    rig.run_until_started(started + 1);
    return at_once;
  };
  for (std::uint32_t attempt = 1; attempt <= 2 * limits::deaths_without_commit_max; ++attempt) {
    CAPTURE(attempt);
    CHECK(dies_at_once(attempt, SIGSEGV));
    const ProcessorError error{0, 1, attempt, "fail", "handle", "crashed", "why"};
    REQUIRE(Projection::open(rig.dir.path()).value()->record({Activity::retrying, error}));
  }
  // Not if nothing came of it, or it was an interruption.
  CHECK(dies_at_once(11, SIGSEGV));
  CHECK_FALSE(dies_at_once(11, SIGSEGV));
  CHECK_FALSE(dies_at_once(11, SIGKILL));
}

TEST_CASE("one that dies while it applies commands is started again for them, and still stands still") {
  const ProcessorError why{std::nullopt, 1, 0, "host", "", "crashed", "why"};
  Rig rig;
  rig.supervised->start();
  rig.end(Activity::stopped);
  REQUIRE(write_verdict(rig.host_dir.path(), {Activity::crashed, why}));
  rig.supervised->nudge(Nudge::command);
  ProcessorState running;
  running.activity = Activity::running;
  running.error = why;
  rig.script.events.on_state(running);
  rig.die();
  rig.run_until_started(3);
  CHECK(rig.script.starts ==
        std::vector{Processor::Start::again, Processor::Start::as_it_was, Processor::Start::as_it_was});
  CHECK(read_verdict(rig.host_dir.path()));
  // Until a command makes it go on.
  running.error.reset();
  rig.script.events.on_state(running);
  CHECK_FALSE(read_verdict(rig.host_dir.path()));
}

TEST_CASE(
    "one that looks for what was dropped is shown as it stands still, until it or a command says otherwise") {
  Rig rig;
  const auto shown = [&] { return rig.supervised->state().activity; };
  ProcessorState running;
  running.activity = Activity::running;
  rig.supervised->start();
  rig.end(Activity::stopped);
  rig.supervised->nudge(Nudge::drop);
  CHECK(rig.script.started == 2);
  CHECK(shown() == Activity::stopped);
  rig.script.events.on_state(running);  // it is loaded
  CHECK(shown() == Activity::stopped);
  rig.script.events.on_state(running);  // brought up, for letters
  CHECK(shown() == Activity::running);
  rig.supervised->nudge(Nudge::drop);  // it may have looked before that: it looks again
  rig.end(Activity::expired);
  CHECK(rig.script.started == 3);
  CHECK(shown() == Activity::expired);
  rig.supervised->nudge(Nudge::command);
  CHECK(shown() == Activity::running);
  rig.supervised->nudge(Nudge::drop);
  CHECK(shown() == Activity::running);
  rig.end(Activity::expired);
  CHECK(rig.script.started == 4);
  CHECK(shown() == Activity::running);
  rig.end(Activity::expired);
  CHECK(rig.supervised->ended());
}

TEST_CASE("one that only applies commands ends by itself, and is started again for them when it dies") {
  Rig rig;
  rig.start = Processor::Start::commands_only;
  rig.supervised = rig.make(std::chrono::seconds(60));
  const Standstill verdict{Activity::crashed, {std::nullopt, 1, 0, "host", "", "crashed", "why"}};
  REQUIRE(write_verdict(rig.host_dir.path(), verdict));
  rig.supervised->start();
  rig.die();
  rig.run_until_started(2);
  CHECK(rig.script.starts == std::vector(2, Processor::Start::commands_only));
  rig.end(Activity::offline);
  CHECK(rig.supervised->ended());
  CHECK(rig.supervised->state().activity == Activity::offline);
  CHECK(read_verdict(rig.host_dir.path()));
}

TEST_CASE("what keeps one from applying commands is no reason that it stands still for with a host") {
  Rig rig;
  rig.start = Processor::Start::commands_only;
  rig.supervised = rig.make(std::chrono::seconds(60));
  rig.supervised->start();
  rig.end(Activity::stopped);
  CHECK(rig.supervised->state().activity == Activity::stopped);
  CHECK_FALSE(read_verdict(rig.host_dir.path()));
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
  rig.supervised->start();
  (*page)->enter(static_cast<std::uint32_t>(Stage::migrate), 0, 0);
  rig.run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  (*page)->leave();
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 42, 1);
  rig.run_until_killed_or(std::chrono::seconds(30));
  CHECK(rig.script.killed == 1);
  // Noted before the kill, in case the host goes with it.
  const auto death = read_death(rig.dir.path() / "page");
  REQUIRE(death);
  CHECK(death->end.kind == ProcessEnd::Kind::timed_out);
  CHECK(death->end.value == 20);
  rig.die();
  CHECK(rig.supervised->state().error->event_id == 42u);
  CHECK(rig.supervised->state().error->code == "timed_out");
  CHECK(rig.supervised->state().error->message ==
        "a call took over 20ms and was killed in handle of event 42; it wrote last: last words");
}

TEST_CASE("a page that another process left behind is not believed") {
  Rig rig;
  rig.supervised = rig.make(milliseconds(20));
  auto page = InFlightPage::create(rig.dir.path() / "page");
  REQUIRE(page);
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 2, 1);
  rig.script.pid = ::getpid() + 1;
  rig.supervised->start();
  ProcessorState running;
  running.activity = Activity::running;
  rig.script.events.on_state(running);
  rig.run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  rig.die();
  CHECK_FALSE(rig.supervised->state().error->event_id);
}

TEST_CASE("one that says nothing after its launch is killed, and has died") {
  Rig rig;
  rig.supervised = rig.make(milliseconds(20));
  rig.supervised->start();
  rig.run_until_killed_or(2 * milliseconds(limits::load_time_min));
  CHECK(rig.script.killed == 1);
  rig.die();
  CHECK(rig.supervised->state().activity == Activity::retrying);
  CHECK(rig.supervised->state().error->code == "timed_out");
  CHECK(rig.supervised->state().error->message.find("loading the plugin took over 5s and was killed") == 0);
}

TEST_CASE("one that tells its last state and stays is killed, and the state stands") {
  Rig rig;
  rig.supervised = rig.make(milliseconds(20));
  rig.supervised->start();
  ProcessorState stopped;
  stopped.activity = Activity::stopped;
  stopped.error = ProcessorError{5, 1, 1, "fail", "handle", "code", "why"};
  rig.script.events.on_state(stopped);
  rig.run_until_killed_or(2 * milliseconds(limits::load_time_min));
  CHECK(rig.script.killed == 1);
  rig.die();
  CHECK(rig.supervised->ended());
  CHECK(rig.supervised->state().activity == Activity::stopped);
  CHECK(rig.supervised->state().error->message == "why");
}

TEST_CASE("why it stands still is its last word, if it was written down since the launch") {
  for (const bool since : {true, false}) {
    Rig rig;
    make_projection(rig.dir.path());
    const auto note = [&](std::int64_t at_ns) {
      auto projection = Projection::open(rig.dir.path());
      REQUIRE(projection);
      REQUIRE((*projection)->record({Activity::stopped, {5, at_ns, 1, "fail", "handle", "code", "why"}}));
    };
    if (!since) note(system_clock().wall_ns() - 1);
    rig.supervised->start();
    if (since) note(system_clock().wall_ns());
    rig.die();
    CHECK(rig.supervised->ended() == since);
    CHECK(rig.supervised->state().activity == (since ? Activity::stopped : Activity::retrying));
  }
}

TEST_CASE("what cannot be started for want of resources is no death, and is tried until it can be") {
  Rig rig;
  rig.script.cannot_start = Error(ErrorCode::limit, "make a pipe: Too many open files");
  rig.supervised->start();
  CHECK(rig.supervised->state().activity == Activity::retrying);
  CHECK(rig.supervised->state().error->message == "make a pipe: Too many open files");
  rig.run_until_started(3);
  rig.script.cannot_start.reset();
  rig.run_until_started(4);
  for (int death = 1; death < limits::deaths_without_commit_max; ++death) {
    rig.die();
    CHECK(rig.supervised->state().activity == Activity::retrying);
    rig.run_until_started(4 + death);
  }
}

TEST_CASE("one whose folder another process holds is no death, and is tried until it can be had") {
  Rig rig;
  rig.supervised->start();
  std::int64_t last_delay = 0;
  for (int launch = 1; launch <= 3; ++launch) {
    rig.end_locked();
    REQUIRE(rig.supervised->put_off());
    CHECK_FALSE(rig.supervised->ended());
    const auto& state = rig.supervised->state();
    CHECK(state.activity == Activity::retrying);
    CHECK(state.error->message == "lock x/lock: process 7 holds it");
    const auto delay = *state.error->next_try_ns - state.error->since_ns;
    CHECK(delay > last_delay);
    last_delay = delay;
    CHECK_FALSE(read_verdict(rig.host_dir.path()));
    rig.run_until_started(launch + 1);
    CHECK_FALSE(rig.supervised->put_off());
  }
  for (int death = 1; death < limits::deaths_without_commit_max; ++death) {
    rig.die();
    CHECK(rig.supervised->state().activity == Activity::retrying);
    CHECK_FALSE(rig.supervised->put_off());
    rig.run_until_started(4 + death);
  }
}

TEST_CASE("one that is put off looks again at once when it is nudged, and ends offline when it is stopped") {
  Rig rig;
  rig.supervised->start();
  rig.end_locked();
  rig.supervised->nudge(Nudge::command);
  CHECK(rig.script.started == 2);
  rig.end_locked();
  rig.supervised->stop();
  CHECK(rig.supervised->ended());
  CHECK(rig.supervised->state().activity == Activity::offline);
  CHECK_FALSE(read_verdict(rig.host_dir.path()));
}

TEST_CASE("one that is stopped while another process holds its folder ends offline") {
  Rig rig;
  rig.supervised->start();
  rig.supervised->stop();
  rig.end_locked();
  CHECK(rig.supervised->ended());
  CHECK(rig.supervised->state().activity == Activity::offline);
  CHECK_FALSE(read_verdict(rig.host_dir.path()));
}

TEST_CASE("one whose time to begin has not come is tried when it says") {
  Rig rig;
  rig.supervised->start();
  ProcessorState state;
  state.activity = Activity::retrying;
  state.error = ProcessorError{std::nullopt, system_clock().wall_ns(), 0, "host", "open", "not_yet", "why"};
  state.error->next_try_ns =
      state.error->since_ns + std::chrono::nanoseconds(std::chrono::hours(9999)).count();
  const auto events = rig.script.events;
  events.on_end({state, "exited with status 0", {}});
  CHECK(rig.supervised->put_off());
  CHECK(rig.supervised->state().error->next_try_ns == state.error->next_try_ns);
  rig.supervised->stop();
  CHECK(rig.script.started == 1);
}

TEST_CASE("a program that is not there is not tried for ever") {
  Rig rig;
  rig.script.cannot_start = Error(ErrorCode::not_found, "start /proc/self/exe: No such file or directory");
  rig.supervised->start();
  CHECK(rig.supervised->ended());
  CHECK(rig.supervised->state().activity == Activity::stopped);
}

}  // namespace aludel
