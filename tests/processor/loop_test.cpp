// SPDX-License-Identifier: MIT
// Which events a processor takes, when a batch ends, and what it does at the tip.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "processor/projection.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Activity> activities(const std::vector<ProcessorState>& told) {
  std::vector<Activity> all;
  for (const auto& state : told)
    all.push_back(state.activity);
  return all;
}

std::int64_t commits(const Script& script) {
  return std::count(script.journal.begin(), script.journal.end(), "c");
}

}  // namespace

TEST_CASE("events become rows and a cursor, a batch at a time") {
  Rig rig;
  rig.log.append("wanted", 10, 3);
  rig.options.batch_size = 4;
  const auto state = rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9 f c");
  CHECK(rig.rows() == upto(9));
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.activity == Activity::offline);
    CHECK(seen.handler_id == "org.example.scripted");
    CHECK(seen.handler_version == "1.0.0");
    CHECK(seen.next == 10);
    CHECK(seen.handled == 10);
    CHECK(seen.skipped == 0);
    CHECK(seen.dead_letters == 0);
    CHECK_FALSE(seen.error);
  }
}

TEST_CASE("a batch ends where it has written as much as a transaction may") {
  Rig rig;
  rig.log.append("wanted", 4, 4);
  rig.options.allowance.transaction_size = 20 * limits::MiB;  // over SQLite's cache
  rig.script.schema = "create table rows (id integer primary key) strict; create table large (a blob) strict";
  rig.script.events[1] = {.outcome = Outcome::handled,
                          .sql =
                              "with recursive n(i) as (select 1 union all select i + 1 from n limit 60) "
                              "insert into large select zeroblob(1000000) from n"};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 f c h2 h3 f c");
}

TEST_CASE("an empty log is waited at, and nothing is written") {
  Rig rig;
  CHECK(rig.run().next == 0);
  CHECK(rig.script.work() == "");
}

TEST_CASE("a batch ends at the tip") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.steps = {[&](const auto&) { rig.log.append("wanted", 2, 1); }};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 f c h3 h4 f c");
}

TEST_CASE("a batch ends after 50 ms") {
  Rig rig;
  rig.log.append("wanted", 8, 8);
  rig.script.in_handle = [&](const Event&) { rig.clock.advance(milliseconds(20)); };
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 f c h3 h4 h5 f c h6 h7 f c");
}

TEST_CASE("a batch that passes blocks without a wanted event ends after 50 ms as well") {
  Rig rig;
  rig.log.append("wanted", 1, 1);
  rig.log.append("other", 100, 1);
  rig.log.append("wanted", 1, 1);
  rig.log.on_block = [&] { rig.clock.advance(milliseconds(2)); };
  rig.run();
  CHECK(rig.script.work() == "h0 f c h101 f c");
  CHECK(rig.durable().next == 102);
}

TEST_CASE("the clock is not looked at for each event") {
  Rig rig;
  rig.log.append("wanted", 20'000, 1'000);
  rig.options.batch_size = 10'000;
  rig.script.events[0] = {.writes = false};
  rig.script.gathers = true;
  rig.run();
  CHECK(rig.clock.looks() < 20'000 / 32);
}

TEST_CASE("a stop is heeded at the next event boundary, and the batch so far commits") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  rig.script.in_handle = [&](const Event& event) {
    if (event.id == 5) rig.stop.raise();
  };
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK(state.next == 6);
  CHECK(rig.script.work() == "h0 h1 h2 h3 h4 h5 f c");
  rig.script.in_handle = nullptr;
  CHECK(rig.run().next == 10);
  CHECK(rig.script.work() == "h6 h7 h8 h9 f c");
  CHECK(rig.rows() == upto(9));
}

TEST_CASE("a stop before the first event is heeded at once") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  auto processor = rig.open();
  REQUIRE(processor);
  rig.stop.raise();
  CHECK((*processor)->run(rig.stop).activity == Activity::offline);
  CHECK(rig.script.life() == "c");
}

TEST_CASE("a handler gets the events that it subscribes to, as the operator narrows them") {
  using Kind = Subscription::Kind;
  struct Row {
    std::string what;
    std::vector<Subscription> subscriptions;
    std::vector<Subscription> narrowing;
    std::string rows;
  };
  const Row table[] = {
      {"exact", {{Kind::exact, "a.b"}}, {}, "1 3"},
      {"two exact", {{Kind::exact, "a.b"}, {Kind::exact, "b"}}, {}, "1 2 3"},
      {"prefix", {{Kind::prefix, "a."}}, {}, "1 3 4"},
      {"all", {{Kind::all, ""}}, {}, "0 1 2 3 4 5"},
      {"none of them", {{Kind::exact, "z"}}, {}, ""},
      {"all, narrowed to exact", {{Kind::all, ""}}, {{Kind::exact, "b"}}, "2"},
      {"all, narrowed to prefix", {{Kind::all, ""}}, {{Kind::prefix, "a"}}, "0 1 3 4 5"},
      {"narrowing does not widen", {{Kind::exact, "a.b"}}, {{Kind::exact, "b"}, {Kind::prefix, "a"}}, "1 3"},
  };
  for (const auto& row : table) {
    CAPTURE(row.what);
    Rig rig;
    rig.log.append({{"a"}, {"a.b"}, {"b"}});
    rig.log.append({{"a.b"}, {"a.c"}, {"ab"}});
    rig.script.description.subscriptions = row.subscriptions;
    rig.options.types = row.narrowing;
    CHECK(rig.run().next == 6);
    CHECK(rig.rows() == row.rows);
    CHECK(rig.durable().next == 6);
  }
}

TEST_CASE("blocks without a wanted type are passed without their events being read") {
  Rig rig;
  rig.log.append("other", 100, 10);
  rig.log.append({{"other"}, {"wanted"}});
  rig.log.append("other", 100, 10);
  rig.run();
  CHECK(rig.log.blocks_read == 21);
  CHECK(rig.log.bodies_read == 1);
  CHECK(rig.rows() == "101");
}

TEST_CASE("progress past events that nobody wants is saved at stop") {
  Rig rig;
  rig.log.append("other", 100, 10);
  rig.steps = {[&](const auto&) { rig.stop.raise(); }};
  CHECK(rig.run().next == 100);
  CHECK(rig.script.work() == "c");
  CHECK(rig.durable().next == 100);
  CHECK(rig.durable().handled == 0);
}

TEST_CASE("progress past events that nobody wants is saved with the next handled event") {
  Rig rig;
  rig.log.append("other", 5, 5);
  rig.steps = {[&](const auto&) { rig.log.append("wanted", 1, 1); }};
  rig.run();
  CHECK(rig.script.work() == "h5 f c");
}

TEST_CASE("a waiting processor saves such progress after a second, and then waits for ever") {
  Rig rig;
  rig.log.append("other", 5, 5);
  rig.steps = {
      [&](const FakeLog::Wait& wait) {
        CHECK(wait.timeout == seconds(1));
        rig.clock.advance(milliseconds(400));
        rig.log.append("other", 5, 5);
      },
      [&](const FakeLog::Wait& wait) {
        CHECK(wait.timeout == milliseconds(600));
        CHECK(rig.script.work() == "");
        rig.clock.advance(milliseconds(600));
      },
      [&](const FakeLog::Wait& wait) {
        CHECK(wait.timeout == std::nullopt);
        CHECK(rig.script.work() == "c");
        CHECK(rig.durable().next == 10);
        rig.stop.raise();
      },
  };
  rig.run();
}

TEST_CASE("a processor far behind saves such progress once a second") {
  Rig rig;
  rig.log.append("other", 1'000, 1);
  rig.log.on_block = [&] { rig.clock.advance(milliseconds(10)); };
  rig.run();
  // Ten seconds of reading, and what was left at the end.
  const auto saved = commits(rig.script) - 1;
  CHECK(saved >= 9);
  CHECK(saved <= 11);
}

TEST_CASE("the state is told when it changes, and not with each event of a slow stream") {
  Rig rig;
  rig.log.append("wanted", 1, 1);
  const auto trickle = [&](const FakeLog::Wait&) { rig.log.append("wanted", 1, 1); };
  rig.steps = {
      trickle,
      trickle,
      trickle,
      [&](const FakeLog::Wait& wait) {
        // Too early to tell that it waits again.
        CHECK(wait.timeout == milliseconds(100));
        rig.clock.advance(milliseconds(100));
      },
      [&](const FakeLog::Wait& wait) {
        CHECK(wait.timeout == std::nullopt);
        rig.stop.raise();
      },
  };
  rig.run();
  CHECK(activities(rig.told) == std::vector{Activity::running, Activity::running, Activity::waiting,
                                            Activity::running, Activity::waiting, Activity::offline});
  CHECK_FALSE(rig.told[0].up);
  CHECK(rig.told[1].up);
  CHECK(rig.told[2].next == 1);
  CHECK(rig.told[4].next == 4);
  CHECK(rig.told[4].handled == 4);
}

TEST_CASE("a processor that has passed unwanted events tells of the tip that it has reached") {
  Rig rig;
  rig.steps = {[&](const auto&) {
    rig.clock.advance(milliseconds(200));
    rig.log.append("other", 7, 7);
  }};
  rig.run();
  CHECK(activities(rig.told) == std::vector{Activity::running, Activity::running, Activity::waiting,
                                            Activity::waiting, Activity::offline});
  CHECK(rig.told[3].next == 7);
}

TEST_CASE("a log that cannot be read stops the processor behind the last event that could") {
  struct Row {
    std::string what;
    std::function<void(FakeLog&, std::optional<std::uint64_t>)> damage;
  };
  const Row rows[] = {
      {"a block", [](FakeLog& log, auto id) { log.fail_at(id); }},
      {"a block's events", [](FakeLog& log, auto id) { log.fail_body_at(id); }},
  };
  for (const auto& row : rows) {
    for (const bool gathers : {false, true}) {
      CAPTURE(row.what);
      Rig rig;
      rig.script.gathers = gathers;
      rig.log.append("wanted", 10, 3);
      row.damage(rig.log, 7);
      const auto state = rig.run();
      CHECK(rig.script.work() == "h0 h1 h2 h3 h4 h5 f c");
      CHECK(rig.rows() == upto(5));
      for (const auto& seen : {state, rig.durable()}) {
        CHECK(seen.activity == Activity::stopped);
        CHECK(seen.next == 6);
        REQUIRE(seen.error);
        CHECK_FALSE(seen.error->event_id);
        CHECK(seen.error->outcome == "host");
        CHECK(seen.error->stage == "read");
        CHECK(seen.error->code == "corrupt");
        CHECK(seen.error->message.find("bad checksum") != std::string::npos);
      }
      row.damage(rig.log, std::nullopt);
      CHECK(rig.run().activity == Activity::offline);
      CHECK(rig.rows() == upto(9));
      CHECK_FALSE(rig.durable().error);
    }
  }
}

TEST_CASE(
    "a log that is cut while a handler reads an event stops the processor, whatever the handler makes of "
    "it") {
  for (const auto outcome : {Outcome::handled, Outcome::skip, Outcome::retry, Outcome::fail}) {
    for (const bool writes : {false, true}) {
      CAPTURE(static_cast<int>(outcome));
      CAPTURE(writes);
      Rig rig;
      rig.log.append("wanted", 10, 3);
      rig.options.batch_size = 6;
      rig.options.error_policy.processor.strategy = Strategy::dead_letter;
      rig.script.events[7] = {.outcome = outcome, .writes = writes};
      rig.script.in_handle = [&](const Event& event) {
        if (event.id == 7) rig.log.lose_at(7);
      };
      const auto state = rig.run();
      CHECK(rig.rows() == upto(5));
      for (const auto& seen : {state, rig.durable()}) {
        CHECK(seen.activity == Activity::stopped);
        CHECK(seen.next == 6);
        CHECK(seen.dead_letters == 0);
        REQUIRE(seen.error);
        CHECK_FALSE(seen.error->event_id);
        CHECK(seen.error->stage == "read");
        CHECK(seen.error->code == "corrupt");
      }
      rig.log.lose_at(std::nullopt);
      rig.script.in_handle = nullptr;
      rig.script.events.clear();
      CHECK(rig.run().activity == Activity::offline);
      CHECK(rig.rows() == upto(9));
    }
  }
}

TEST_CASE("a wait that fails stops the processor") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.log.on_wait = [](const FakeLog::Wait&) -> Result<void> {
    return Error{ErrorCode::io, "wait for events: no luck"};
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().error->message == "wait for events: no luck");
  CHECK(rig.durable().next == 3);
}

TEST_CASE("a cursor that somebody else has moved stops the processor, and nothing of the batch stays") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.steps = {[&](const auto&) {
    auto other = Database::open(projection_link(rig.directory()), Database::Mode::read_write);
    REQUIRE(other);
    REQUIRE((*other)->execute("update _aludel_cursor set next = 2"));
    rig.log.append("wanted", 3, 3);
  }};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rows() == upto(2));
  CHECK(rig.durable().error->code == "cursor_moved");
  CHECK(rig.durable().next == 2);
}

}  // namespace aludel
