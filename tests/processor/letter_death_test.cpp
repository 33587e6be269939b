// SPDX-License-Identifier: MIT
// Letters in whose replay, without an order, the process died.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "processor/page.hpp"
#include "replays_rig.hpp"

namespace aludel {

using std::chrono::minutes;

TEST_CASE("a letter in whose replay the process died by the handler's fault has failed again") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.died_in(5, 2, {ProcessEnd::Kind::signalled, SIGSEGV});
  rig.clock.advance(minutes(1));
  rig.run();
  CHECK(rig.calls == "5@120");
  CHECK(rig.letters() == "5 replayed 2/1/1");
  CHECK(std::find(rig.logged.begin(), rig.logged.end(),
                  "dead letter 1 failed again: event 5: crashed: killed by signal 11 (Segmentation fault) in "
                  "handle; replay 2 of 3 follows") != rig.logged.end());
}

TEST_CASE("a letter whose replay was interrupted is as it was, until the third time in a row") {
  for (const std::uint32_t before : {0U, 1U, 2U}) {
    CAPTURE(before);
    Replays rig;
    rig.fails(5, 1);
    rig.make_letters();
    rig.died_in(5, 2, {ProcessEnd::Kind::signalled, SIGKILL}, before);
    rig.clock.advance(minutes(1));
    rig.run();
    // The log has its turn before.
    CHECK(rig.calls == "5@120");
    CHECK(rig.letters() == (before == 2 ? "5 replayed 2/1/1" : "5 replayed 1/0/0"));
  }
}

TEST_CASE("a death while a replay is undone is the letter's, too") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.fails(5, 2);
  std::uint32_t shown = 0;
  rig.script.in_rolled_back = [&] {
    const auto page = InFlightPage::view(rig.directory() / "page");
    REQUIRE(page);
    shown = (*page)->read().value_or(InFlightPage::Call{}).attempt;
  };
  rig.run();
  CHECK(shown == 2);
}

TEST_CASE("letters that kill their process keep no other from its turn") {
  Replays rig;
  rig.options.replay.max_retries = 100;
  rig.options.replay.order = ReplayOrder::newest;
  for (const std::uint64_t id : {2U, 4U, 6U, 8U})
    rig.fails(id, 1);
  rig.make_letters();
  rig.clock.advance(minutes(1));
  rig.options.replay.batch_size = 1;
  const auto next_after_death_at = [&](std::uint64_t id, int signal) {
    rig.calls.clear();
    rig.died_in(id, 2, {ProcessEnd::Kind::signalled, static_cast<std::uint32_t>(signal)});
    // To the end of the round that follows.
    rig.steps = {[&](const FakeLog::Wait& wait) { rig.clock.advance(*wait.timeout); },
                 [&](const FakeLog::Wait&) { rig.stop.raise(); }};
    rig.run();
    return rig.calls;
  };
  CHECK(next_after_death_at(8, SIGSEGV) == "6@120");
  CHECK(next_after_death_at(4, SIGKILL) == "2@180");
}

TEST_CASE("the event that a process died at is decided on before any letter is replayed") {
  for (const bool by_order : {false, true}) {
    CAPTURE(by_order);
    Replays rig;
    rig.fails(5, 1);
    rig.make_letters();
    rig.log.append("wanted", 3, 3);
    rig.died_in(11, 1, {ProcessEnd::Kind::signalled, SIGSEGV});
    rig.clock.advance(minutes(1));
    if (by_order) {
      rig.order(Command::Kind::replay);
      rig.options.replay.strategy = ReplayStrategy::off;
    }
    std::string before;
    const auto note = rig.script.in_handle;
    rig.script.in_handle = [&](const Event& event) {
      if (event.id == 5) before = rig.letters();
      note(event);
    };
    rig.stop_at_first_wait();
    rig.run();
    CHECK(rig.calls == "10@60 12@60 5@60");
    CHECK(before.find("11 dead 1/0/0") != std::string::npos);
  }
}

TEST_CASE("letters that kill each process let it come to an event before") {
  Replays rig;
  rig.options.replay.check_interval = std::chrono::milliseconds(0);
  rig.fails(5, 1);
  rig.make_letters();
  rig.log.append("wanted", 2, 2);
  rig.clock.advance(minutes(1));
  rig.stop_at_first_wait();
  rig.run();
  CHECK(rig.calls == "10@60 5@60 11@60");
}

TEST_CASE("from one round to the next check_interval passes, whatever processes there are between") {
  Replays rig;
  rig.options.replay.min_age = rig.options.replay.initial_delay = std::chrono::seconds(1);
  rig.fails(5, 100);
  rig.make_letters();
  rig.clock.advance(minutes(1));
  const auto next_run = [&] {
    rig.calls.clear();
    rig.stop_at_first_wait();
    rig.run();
    return rig.calls;
  };
  CHECK(next_run() == "5@60");
  rig.clock.advance(std::chrono::seconds(59));
  CHECK(next_run().empty());
  rig.died_in(2, 1, {ProcessEnd::Kind::signalled, SIGKILL});
  CHECK(next_run().empty());
  rig.clock.advance(std::chrono::seconds(1));
  CHECK(next_run() == "5@120");
}

}  // namespace aludel
