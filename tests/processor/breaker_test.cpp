// SPDX-License-Identifier: MIT
// What a processor does when so much fails that it is no event's fault.
#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

using std::chrono::seconds;

/// Events from 2 on fail while what they need is down. Its breaker: 3 failures within 60 s, 30 s, 2
/// successes.
struct Outage : Rig {
  explicit Outage(bool writes = false) {
    log.append("wanted", 7, 3);
    options.error_policy.processor.strategy = Strategy::dead_letter;
    options.breaker = BreakerPolicy{3, seconds(60), seconds(30), 2};
    script.in_handle = [this, writes](const Event& event) {
      const bool fails = down && event.id >= 2;
      script.events[event.id] = {.outcome = fails ? Outcome::fail : Outcome::handled,
                                 .writes = writes || !fails};
    };
  }

  /// While the breaker is open: what is durable, and what was told.
  void check_open(std::uint32_t attempt) const {
    const auto state = durable();
    CHECK(state.next == 2);
    CHECK(state.dead_letters == 0);
    CHECK(number_in(directory(), "select count(*) from _aludel_letter") == 0);
    CHECK(text_in(directory(), "select activity from _aludel_standstill") == "tripped");
    REQUIRE(state.error);
    CHECK(state.error->event_id == 2u);
    CHECK(state.error->attempt == attempt);
    CHECK(told.back().activity == Activity::tripped);
    CHECK(told.back().error->next_try_ns == clock.wall_ns() + 30'000'000'000);
  }
  [[nodiscard]] std::ptrdiff_t trips() const {
    return std::count_if(told.begin(), told.end(),
                         [](const auto& state) { return state.activity == Activity::tripped; });
  }
  void pass_open_time(const FakeLog::Wait& wait) {
    REQUIRE(wait.timeout);
    CHECK(*wait.timeout == seconds(30));
    clock.advance(*wait.timeout);
  }

  bool down = true;
};

}  // namespace

TEST_CASE("an outage opens the breaker: the cursor stays, no letter is written, and it goes on by itself") {
  for (const bool writes : {false, true}) {
    CAPTURE(writes);
    Outage rig(writes);
    rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
      rig.check_open(1);
      rig.down = false;
      rig.pass_open_time(wait);
    });
    const auto state = rig.run();
    CHECK(rig.trips() == 1);
    CHECK(state.handled == 7);
    CHECK(state.dead_letters == 0);
    CHECK_FALSE(state.error);
    CHECK(rig.rows() == upto(6));
  }
}

TEST_CASE("one that is half open opens again if two keys fail, and still writes no letter") {
  for (const bool writes : {false, true}) {
    CAPTURE(writes);
    Outage rig(writes);
    rig.steps.emplace_back([&](const FakeLog::Wait& wait) { rig.pass_open_time(wait); });
    rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
      rig.check_open(2);
      rig.down = false;
      rig.pass_open_time(wait);
    });
    CHECK(rig.run().handled == 7);
    CHECK(rig.trips() == 2);
    CHECK(rig.durable().dead_letters == 0);
  }
}

TEST_CASE("one key that fails again and again is poison: its events become letters, and nothing waits") {
  Rig rig;
  rig.options.error_policy.processor.strategy = Strategy::dead_letter;
  rig.options.breaker = BreakerPolicy{3, seconds(60), seconds(30), 2};
  std::vector<FakeLog::Entry> events;
  for (int i = 0; i < 20; ++i)
    events.push_back({.type = "wanted", .key = i % 3 == 0 ? "good" : "poison"});
  rig.log.append(events);
  rig.script.in_handle = [&](const Event& event) {
    rig.script.events[event.id] = {.outcome = event.key == "poison" ? Outcome::fail : Outcome::handled};
  };
  const auto state = rig.run();
  CHECK(state.handled == 7);
  CHECK(state.dead_letters == 13);
  CHECK(rig.clock.now() == std::chrono::steady_clock::time_point());
}

TEST_CASE("a poison event that the half open breaker meets first becomes a letter, once others succeed") {
  Outage rig;
  rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
    rig.script.in_handle = [&](const Event& event) {
      rig.script.events[event.id] = {.outcome = event.id == 2 ? Outcome::fail : Outcome::handled};
    };
    rig.pass_open_time(wait);
  });
  const auto state = rig.run();
  CHECK(rig.trips() == 1);
  CHECK(state.handled == 6);
  CHECK(state.dead_letters == 1);
}

TEST_CASE("a breaker that is open stays so over a restart, for the rest of its time") {
  Outage rig;
  rig.steps.emplace_back([&](const FakeLog::Wait&) {
    rig.clock.advance(seconds(10));
    rig.stop.raise();
  });
  CHECK(rig.run().activity == Activity::offline);
  rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
    CHECK(*wait.timeout == seconds(20));
    CHECK(rig.told.back().activity == Activity::tripped);
    rig.clock.advance(*wait.timeout);
  });
  // Half open, two keys are enough.
  rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
    rig.check_open(2);
    rig.down = false;
    rig.pass_open_time(wait);
  });
  CHECK(rig.run().handled == 7);
}

TEST_CASE("another version of the handler is tried at once, and closes the breaker as it succeeds") {
  Outage rig;
  rig.steps.emplace_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
  rig.run();
  rig.script.description.version = "2.0.0";
  rig.down = false;
  rig.logged.clear();
  CHECK(rig.run().handled == 7);
  CHECK(rig.clock.now() == std::chrono::steady_clock::time_point());
  CHECK(std::find(rig.logged.begin(), rig.logged.end(), "the breaker is closed again") != rig.logged.end());
}

TEST_CASE("a resume closes the breaker at once") {
  Outage rig;
  rig.steps.emplace_back([&](const FakeLog::Wait&) {
    Rig::command(rig.directory(), {.kind = Command::Kind::resume});
    rig.down = false;
    rig.stop.nudge();
  });
  CHECK(rig.run().handled == 7);
  CHECK(rig.clock.now() == std::chrono::steady_clock::time_point());
}

TEST_CASE("a fatal outcome stops the processor, and says nothing of an outage") {
  Outage rig;
  rig.script.in_handle = nullptr;
  for (std::uint64_t id = 0; id < 3; ++id)
    rig.script.events[id] = {.outcome = Outcome::fatal};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.trips() == 0);
}

TEST_CASE(
    "an event that the process died at counts for the breaker as any that failed, and is decided on behind "
    "it") {
  Outage rig;
  rig.log.append("wanted", 1, 1);
  rig.died_in(4, 1, {ProcessEnd::Kind::exited, 1});
  rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
    rig.check_open(1);
    rig.down = false;
    rig.pass_open_time(wait);
  });
  const auto state = rig.run();
  CHECK(rig.trips() == 1);
  // Its death is one failure, of one key: that is the strategy's.
  CHECK(state.dead_letters == 1);
  CHECK(state.handled == 7);
}

TEST_CASE("what is decided on an event that the process died at is durable before the next one can kill it") {
  Outage rig;
  rig.died_in(2, 1, {ProcessEnd::Kind::signalled, SIGSEGV});
  rig.script.in_handle = [&](const Event& event) {
    if (event.id < 3) return;
    const auto state = rig.durable();
    CHECK(state.next >= 3);
    CHECK(state.dead_letters == 1);
  };
  CHECK(rig.run().handled == 6);
  CHECK(rig.trips() == 0);
}

}  // namespace aludel
