// SPDX-License-Identifier: MIT
// Dead letters that are handed to the handler again without an order.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "replays_rig.hpp"

namespace aludel {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a letter is replayed when it is due, with the handler's writes, and closed") {
  Replays rig;
  rig.fails(5, 2);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.script.work() ==
        "h0 h1 h2 h3 h4 h5! u0 h0' h1' h2' h3' h4' f c h6 h7 h8 h9 f c h5#2! u5 c h5#3 f c");
  CHECK(rig.calls.ends_with(" 5@60 5@120"));
  CHECK(rig.letters() == "5 replayed 2/1/1");
  CHECK(rig.rows() == upto(9));
  const auto seen = rig.durable();
  CHECK(seen.handled == 10);
  CHECK(seen.dead_letters == 0);
}

TEST_CASE(
    "what a replay without an order emits is in the log before the processor waits, and of none that "
    "failed") {
  Replays rig;
  rig.script.emits = true;
  rig.fails(5, 2);
  std::int64_t waiting = 0;
  rig.log.on_wait = [&, behaves = rig.log.on_wait](const FakeLog::Wait& wait) {
    waiting += Rig::number_in(rig.directory(), "select count(*) from _aludel_outbox");
    return behaves(wait);
  };
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.letters() == "5 replayed 2/1/1");
  CHECK(rig.emitted.keys() == "0 1 2 3 4 6 7 8 9 5");
  CHECK(waiting == 0);
}

TEST_CASE("a letter whose replays are used up is permanent, open, and waited for no more") {
  Replays rig;
  rig.options.replay.strategy = ReplayStrategy::exponential;
  rig.fails(5, 100);
  rig.run();
  CHECK(rig.calls.ends_with("9@0 5@60 5@180 5@420"));
  CHECK(rig.letters() == "5 permanent 4/3/3");
  CHECK(rig.durable().dead_letters == 1);
  CHECK(rig.logged.back() == "dead letter 1 failed again: event 5: boom: scripted; it is permanent");
  rig.calls.clear();
  rig.run();
  CHECK(rig.calls.empty());
}

TEST_CASE("a permanent letter is replayed by order, and stays permanent if it fails again") {
  Replays rig;
  rig.fails(5, 5);
  rig.run();
  CHECK(rig.letters() == "5 permanent 4/3/3");
  rig.order(Command::Kind::replay);
  rig.run();
  CHECK(rig.letters() == "5 permanent 5/4/3");
  rig.order(Command::Kind::replay);
  rig.run();
  CHECK(rig.letters() == "5 replayed 5/4/3");
}

TEST_CASE("a replay by order does not use up automatic ones, and puts the next one off") {
  Replays rig;
  rig.fails(5, 2);
  rig.make_letters();
  rig.clock.advance(seconds(40));
  rig.order(Command::Kind::replay);
  rig.run();
  CHECK(rig.calls == "5@40 5@100");
  CHECK(rig.letters() == "5 replayed 2/1/0");
}

TEST_CASE("the wait at the tip has an end only while a letter is due some day") {
  Replays rig;
  std::vector<std::optional<std::chrono::nanoseconds>> waits;
  const auto on_wait = rig.log.on_wait;
  rig.log.on_wait = [&](const FakeLog::Wait& wait) {
    if (rig.told.back().activity == Activity::waiting) waits.push_back(wait.timeout);
    return on_wait(wait);
  };
  rig.fails(5, 1);
  rig.run();
  CHECK(waits == decltype(waits){minutes(1), std::nullopt});
  waits.clear();
  rig.options.replay.strategy = ReplayStrategy::off;
  rig.fails(12, 100);
  rig.log.append("wanted", 5, 5);
  rig.run();
  CHECK(waits == decltype(waits){std::nullopt});
}

TEST_CASE(
    "a round takes as many letters as its size, in the order that is asked for; then the log has its turn") {
  struct Row {
    ReplayOrder order;
    std::string calls;
  };
  // Event 4 has failed once more than the others, 2 and 6 have another code.
  const Row rows[] = {
      {ReplayOrder::oldest, "2@70 4@70 5@130 6@130"},
      {ReplayOrder::newest, "6@70 5@70 4@130 2@130"},
      {ReplayOrder::fewest_retries, "2@70 5@70 6@130 4@130"},
      {ReplayOrder::by_code, "4@70 5@70 2@130 6@130"},
  };
  for (const auto& row : rows) {
    const std::string order(to_string(row.order));
    CAPTURE(order);
    Replays rig;
    rig.options.replay.order = row.order;
    rig.options.replay.batch_size = 2;
    for (const std::uint64_t id : {2U, 4U, 5U, 6U})
      rig.fails(id, 1);
    rig.script.events[2].code = rig.script.events[6].code = "later";
    rig.make_letters();
    {
      auto database = Database::open(rig.directory() / "projection.db", Database::Mode::read_write);
      REQUIRE(database);
      REQUIRE((*database)->execute("update _aludel_letter set retries = 1 where event_id = 4"));
    }
    rig.clock.advance(seconds(70));
    rig.run();
    CHECK(rig.calls == row.calls);
  }
}

TEST_CASE("too many failures in a row end a round, a success between them does not") {
  Replays rig;
  rig.options.replay.stop_on_consecutive_failures = 2;
  rig.options.replay.max_retries = 1;
  for (const std::uint64_t id : {0U, 2U, 3U, 4U})
    rig.fails(id, 100);
  rig.fails(1, 1);
  rig.make_letters();
  rig.clock.advance(seconds(60));
  rig.run();
  CHECK(rig.calls == "0@60 1@60 2@60 3@60 4@120");
}

TEST_CASE("a round goes on where the one before it ended, so that letters that always fail starve no other") {
  Replays rig;
  rig.options.replay.stop_on_consecutive_failures = 2;
  rig.fails(0, 100);
  rig.fails(1, 100);
  rig.fails(2, 1);
  rig.fails(3, 1);
  rig.make_letters();
  rig.clock.advance(seconds(60));
  rig.run();
  CHECK(rig.calls == "0@60 1@60 2@120 3@120 0@120 1@120 0@180 1@180");
}

TEST_CASE(
    "a letter that is replayed by order or discarded while it is queued has no turn in the next round") {
  Replays rig;
  rig.options.replay.batch_size = 1;
  rig.options.replay.check_interval = seconds(10);
  for (const std::uint64_t id : {0U, 1U, 2U})
    rig.fails(id, 1);
  rig.make_letters();
  rig.clock.advance(seconds(60));
  rig.steps = {[&](const auto&) {
    Command discard{0, Command::Kind::discard};
    discard.letters.ids = {2};
    Rig::command(rig.directory(), discard);
    rig.stop.nudge();
  }};
  rig.run();
  CHECK(rig.calls == "0@60 2@70");
}

TEST_CASE("letters have their turn between batches of a log that never ends") {
  Replays rig;
  rig.options.batch_size = 2;
  rig.options.replay.check_interval = seconds(1);
  rig.options.replay.initial_delay = seconds(6);
  rig.fails(0, 1);
  const auto note = rig.script.in_handle;
  rig.script.in_handle = [&](const Event& event) {
    rig.clock.advance(seconds(1));
    note(event);
  };
  rig.run();
  // The batch of event 0, a redelivery among them, is done before.
  CHECK(rig.calls == "0@1 1@2 2@3 3@4 4@5 5@6 6@7 0@8 7@9 8@10 9@11");
  CHECK(rig.rows() == upto(9));
}

TEST_CASE("a broken environment stops the processor and leaves the letter as it was") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  const auto before = rig.letters();
  rig.script.events[5] = {.outcome = Outcome::fatal, .code = "disk"};
  rig.clock.advance(minutes(2));
  const auto state = rig.run();
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.activity == Activity::stopped);
    CHECK(seen.next == 10);
    REQUIRE(seen.error);
    CHECK(seen.error->code == "disk");
    CHECK(seen.error->outcome == "fatal");
    CHECK(seen.error->message ==
          "in the replay of dead letter 1 (event 5): scripted; if it stays so, `dlq discard --id 1` gives "
          "that letter up");
    // It does not stand at the event, which lies behind it.
    CHECK_FALSE(seen.error->event_id);
  }
  CHECK(rig.letters() == before);
  rig.script.events.clear();
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.letters() == "5 replayed 1/0/0");
}

TEST_CASE("a replay that is fatal leaves the attempts at the event that waits as they are") {
  Replays rig;
  rig.options.error_policy.processor.on_retry = Strategy::retry;
  rig.fails(3, 1);
  rig.fails(5, 100, Outcome::retry);
  rig.steps.push_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
  rig.run();
  rig.fails(3, 100, Outcome::fatal);
  rig.clock.advance(minutes(1));
  const auto stopped = rig.run();
  CHECK(stopped.activity == Activity::stopped);
  REQUIRE(stopped.error);
  CHECK_FALSE(stopped.error->event_id);
  CHECK(rig.durable().error->event_id == 5);
  CHECK(rig.durable().error->attempt == 2);  // of which the second came before the replay
}

TEST_CASE("no letter is replayed without an order while the breaker is open") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.options.breaker = BreakerPolicy{2, std::chrono::seconds(60), std::chrono::seconds(300), 1};
  rig.log.append("wanted", 2, 2);
  rig.fails(10, 1);
  rig.fails(11, 1);
  rig.run();
  CHECK(rig.calls.starts_with("10@0 11@0 10@300"));
  CHECK(rig.calls.find(" 5@300") != std::string::npos);
}

TEST_CASE("a processor that is paused or stopped replays nothing") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.clock.advance(minutes(2));
  rig.order(Command::Kind::pause);
  CHECK(rig.run().activity == Activity::paused);
  CHECK(rig.calls.empty());
  rig.order(Command::Kind::resume);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.calls == "5@120");

  Replays other;
  other.fails(5, 1);
  other.make_letters();
  other.fails(12, 100, Outcome::fatal);
  other.log.append("wanted", 5, 5);
  CHECK(other.run().activity == Activity::stopped);
  other.clock.advance(minutes(2));
  other.calls.clear();
  other.options.start = Processor::Start::as_it_was;
  CHECK(other.run().activity == Activity::stopped);
  CHECK(other.calls.empty());
}

TEST_CASE("a command ends a round behind the letter that is at work, and so does a stop") {
  for (const bool stops : {false, true}) {
    Replays rig;
    rig.fails(3, 1);
    rig.fails(5, 1);
    rig.make_letters();
    rig.clock.advance(minutes(2));
    const auto note = rig.script.in_handle;
    rig.script.in_handle = [&](const Event& event) {
      note(event);
      if (event.id != 3) return;
      if (stops) return rig.stop.raise();
      rig.order(Command::Kind::pause);
      rig.stop.nudge();
    };
    CHECK(rig.run().activity == (stops ? Activity::offline : Activity::paused));
    CHECK(rig.calls == "3@120");
    CHECK(rig.letters() == "3 replayed 1/0/0, 5 dead 1/0/0 +60");
  }
}

TEST_CASE("a wait for the next attempt at an event goes on after a round") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.options.error_policy.processor.strategy = Strategy::retry;
  rig.options.error_policy.processor.retry = RetryPolicy{5, {minutes(10), minutes(10)}, Then::skip};
  rig.fails(12, 1, Outcome::retry);
  rig.log.append("wanted", 5, 5);
  rig.run();
  CHECK(rig.calls == "10@0 11@0 12@0 10@0 11@0 5@60 12@600 13@600 14@600");
}

TEST_CASE(
    "a wait for the next attempt is as long as it was meant to be, though the clock is set back in it") {
  Replays rig;
  rig.fails(5, 2);
  rig.make_letters();
  rig.options.error_policy.processor.strategy = Strategy::retry;
  rig.options.error_policy.processor.retry = RetryPolicy{5, {minutes(10), minutes(10)}, Then::skip};
  rig.fails(12, 1, Outcome::retry);
  rig.log.append("wanted", 5, 5);
  rig.steps = {[&](const auto&) { rig.set_clock_back(); }};
  rig.run();
  CHECK(rig.calls == "10@0 11@0 12@0 10@0 11@0 5@60 5@120 12@600 13@600 14@600");
}

TEST_CASE("another policy in the config holds for the letters that are there, and strands none") {
  Replays rig;
  rig.fails(5, 100);
  rig.fails(6, 100);
  rig.options.replay.check_interval = seconds(1);
  rig.steps = {[&](const auto&) { rig.clock.advance(minutes(1)); },
               [&](const auto&) { rig.clock.advance(minutes(1)); }};
  rig.stop_at_first_wait();
  rig.run();
  CHECK(rig.letters() == "5 dead 3/2/2 +60, 6 dead 3/2/2 +60");
  const auto after = [&](auto&& change) {
    change(rig.options.replay);
    rig.stop_at_first_wait();
    rig.run();
    return rig.letters();
  };
  CHECK(after([](auto& p) { p.max_retries = 2; }) == "5 permanent 3/2/2, 6 permanent 3/2/2");
  CHECK(after([](auto& p) { p.max_retries = 9; }) == "5 dead 3/2/2 +60, 6 dead 3/2/2 +60");
  CHECK(after([](auto& p) { p.strategy = ReplayStrategy::exponential; }) ==
        "5 dead 3/2/2 +240, 6 dead 3/2/2 +240");
  CHECK(after([](auto& p) { p.max_retries = 1; }) == "5 permanent 3/2/2, 6 permanent 3/2/2");
  CHECK(after([](auto& p) { p.strategy = ReplayStrategy::off; }) == "5 dead 3/2/2, 6 dead 3/2/2");
  CHECK(after([](auto& p) { p.strategy = ReplayStrategy::fixed; }) == "5 permanent 3/2/2, 6 permanent 3/2/2");
  CHECK(after([](auto& p) { p.max_retries = 3; }) == "5 dead 3/2/2 +60, 6 dead 3/2/2 +60");
  // It was not there when the letters were made.
  Replays other;
  other.options.replay.strategy = ReplayStrategy::off;
  other.fails(5, 1);
  other.run();
  CHECK(other.letters() == "5 dead 1/0/0");
  other.options.replay.strategy = ReplayStrategy::fibonacci;
  other.run();
  CHECK(other.letters() == "5 replayed 1/0/0");
}

TEST_CASE(
    "letters that an operator's replay had chosen are replayed later, also if the policy has changed since") {
  Replays rig;
  rig.fails(3, 100);
  rig.fails(5, 2);
  rig.options.replay.strategy = ReplayStrategy::off;
  rig.make_letters();
  rig.order(Command::Kind::replay);
  // Stopped behind the first letter.
  rig.script.in_handle = [&](const Event&) { rig.stop.raise(); };
  rig.run();
  CHECK(rig.letters() == "3 dead 2/1/0, 5 replaying 1/0/0");
  rig.script.in_handle = nullptr;
  rig.options.replay.strategy = ReplayStrategy::fixed;
  rig.run();
  CHECK(rig.letters() == "3 permanent 5/4/3, 5 replayed 2/1/0");
}

TEST_CASE("no letter waits longer than the longest delay, whatever the clock says after a restart") {
  Replays rig;
  rig.fails(5, 1);
  rig.options.replay.strategy = ReplayStrategy::exponential;
  rig.make_letters();
  rig.set_clock_back();
  rig.run();
  CHECK(rig.calls == "5@240");
}

TEST_CASE("no letter waits longer than the longest delay, though the clock is set back while it waits") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.steps = {[&](const auto&) { rig.set_clock_back(); }};
  rig.run();
  CHECK(rig.calls == "5@60");
}

TEST_CASE("an error of the database in a round stops the processor") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.clock.advance(minutes(2));
  rig.script.events.clear();
  rig.script.events[5] = {.sql = "drop index _aludel_letter_chosen; drop table _aludel_cursor"};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.letters() == "5 dead 1/0/0 +60");
}

}  // namespace aludel
