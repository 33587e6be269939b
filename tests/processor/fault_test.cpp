// SPDX-License-Identifier: MIT
// What becomes of a batch when something in it goes wrong. The journal's words are explained at
// `Script::journal`.
#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

using Deed = Script::Deed;

/// Ten events in blocks of three, in batches of four: 0-3, 4-7, 8-9.
class TenThatWrite : public Rig {
 public:
  TenThatWrite() {
    log.append("wanted", 10, 3);
    options.batch_size = 4;
  }

  void check_stopped_at(std::uint64_t event_id) {
    CHECK(rows() == upto(static_cast<std::int64_t>(event_id) - 1));
    const auto seen = durable();
    CHECK(seen.activity == Activity::stopped);
    CHECK(seen.next == event_id);
    CHECK(seen.handled == event_id);
    REQUIRE(seen.error);
    CHECK(seen.error->event_id == event_id);
  }
  /// Whatever stood in the way is gone: the next run gets to the end.
  void check_recovers() {
    script.events.clear();
    script.flush = {};
    script.in_handle = nullptr;
    script.in_flush = nullptr;
    CHECK(run().activity == Activity::offline);
    CHECK(rows() == upto(9));
    CHECK(durable().handled + durable().skipped == 10);
    CHECK_FALSE(durable().error);
  }
};

/// The same, with an emitted event for each row: what is in the log of them is what is in the table.
class TenThatEmit : public TenThatWrite {
 public:
  TenThatEmit() { script.emits = true; }
  [[nodiscard]] std::string rows() const override {
    CHECK(emitted.keys() == Rig::rows());
    CHECK(number_in(directory(), "select count(*) from _aludel_outbox") == 0);
    return Rig::rows();
  }
};

/// Chokes in `flush` on whatever batch holds the event.
void choke_on(Script& script, std::uint64_t event_id, const Deed& deed) {
  script.gathers = true;
  script.in_flush = [&script, event_id, deed](const std::vector<std::uint64_t>& gathered) {
    const bool holds = std::find(gathered.begin(), gathered.end(), event_id) != gathered.end();
    script.flush = holds ? deed : Deed{};
  };
}

}  // namespace

TEST_CASE_TEMPLATE(
    "a failed event leaves nothing behind, its neighbours stay, and the processor stops before it", Ten,
    TenThatWrite, TenThatEmit) {
  struct Row {
    std::uint64_t failing;
    bool writes;
    std::string work;
  };
  const Row rows[] = {
      // Nothing left in the transaction: taken back, those before it are committed.
      {0, false, "h0! u0 c"},
      {1, false, "h0 h1! u1 f c"},
      {3, false, "h0 h1 h2 h3! u3 f c"},
      {4, false, "h0 h1 h2 h3 f c h4! u4 c"},
      {6, false, "h0 h1 h2 h3 f c h4 h5 h6! u6 f c"},
      {7, false, "h0 h1 h2 h3 f c h4 h5 h6 h7! u7 f c"},
      {8, false, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8! u8 c"},
      {9, false, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9! u9 f c"},
      // It wrote: the batch is undone, those before it come again.
      {0, true, "h0! u0 c"},
      {1, true, "h0 h1! u0 h0' f c"},
      {3, true, "h0 h1 h2 h3! u0 h0' h1' h2' f c"},
      {4, true, "h0 h1 h2 h3 f c h4! u4 c"},
      {6, true, "h0 h1 h2 h3 f c h4 h5 h6! u4 h4' h5' f c"},
      {7, true, "h0 h1 h2 h3 f c h4 h5 h6 h7! u4 h4' h5' h6' f c"},
      {8, true, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8! u8 c"},
      {9, true, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9! u8 h8' f c"},
  };
  for (const auto& row : rows) {
    for (const auto outcome : {Outcome::fail, Outcome::retry, Outcome::fatal}) {
      CAPTURE(row.failing);
      CAPTURE(row.writes);
      CAPTURE(to_string(outcome));
      Ten rig;
      rig.script.events[row.failing] = {.outcome = outcome, .writes = row.writes};
      const auto state = rig.run();
      CHECK(rig.script.work() == row.work);
      rig.check_stopped_at(row.failing);
      for (const auto& seen : {state, rig.durable()}) {
        CHECK(seen.activity == Activity::stopped);
        CHECK(seen.next == row.failing);
        REQUIRE(seen.error);
        CHECK(seen.error->attempt == 1);
        CHECK(seen.error->outcome == to_string(outcome));
        CHECK(seen.error->stage == "handle");
        CHECK(seen.error->code == "boom");
        CHECK(seen.error->message == "scripted");
        CHECK(seen.error->since_ns == rig.clock.wall_ns());
      }
      rig.check_recovers();
    }
  }
}

TEST_CASE_TEMPLATE("a handler that keeps events in memory until flush loses the failed one and no other", Ten,
                   TenThatWrite, TenThatEmit) {
  for (const std::uint64_t failing : {0U, 3U, 4U, 6U, 9U}) {
    CAPTURE(failing);
    Ten rig;
    rig.script.gathers = true;
    rig.script.events[failing] = {.outcome = Outcome::fail};
    rig.run();
    rig.check_stopped_at(failing);
    rig.check_recovers();
  }
}

TEST_CASE_TEMPLATE(
    "a failed event that is met again first fails the run again, and is over once it has passed", Ten,
    TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[5] = {.outcome = Outcome::fail, .times = 2};
  CHECK(rig.run().activity == Activity::stopped);
  rig.clock.advance(std::chrono::hours(1));
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.script.work() == "h5#2! u5 c");
  CHECK(rig.durable().error->since_ns == rig.clock.wall_ns());
  CHECK(rig.run().activity == Activity::offline);
  // Known until the event is behind.
  REQUIRE(rig.told.front().error);
  CHECK(rig.told.front().error->event_id == 5);
  CHECK_FALSE(rig.told.back().error);
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE_TEMPLATE("what a skipped event wrote stays, and it is counted", Ten, TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[2] = {.outcome = Outcome::skip};
  rig.script.events[8] = {.outcome = Outcome::skip, .writes = false};
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK(rig.rows() == "0 1 2 3 4 5 6 7 9");
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.next == 10);
    CHECK(seen.handled == 8);
    CHECK(seen.skipped == 2);
  }
}

TEST_CASE_TEMPLATE("an undone batch is not counted", Ten, TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[1] = {.outcome = Outcome::skip};
  rig.script.events[3] = {.outcome = Outcome::fail};
  const auto state = rig.run();
  CHECK(state.handled == 2);
  CHECK(state.skipped == 1);
}

TEST_CASE_TEMPLATE("an event that fails only when it is delivered again is the one that stops the processor",
                   Ten, TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[3] = {.outcome = Outcome::fail};
  int met = 0;
  rig.script.in_handle = [&](const Event& event) {
    if (event.id == 1 && ++met == 2) rig.script.events[1] = {.outcome = Outcome::fail};
  };
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3! u0 h0' h1'! u0 h0' f c");
  rig.check_stopped_at(1);
  rig.check_recovers();
}

TEST_CASE_TEMPLATE(
    "an outage that comes back when events are delivered again stops the processor where it committed", Ten,
    TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[7] = {.outcome = Outcome::fatal};
  int met = 0;
  rig.script.in_handle = [&](const Event& event) {
    if (event.id == 5 && ++met == 2) rig.script.events[5] = {.outcome = Outcome::fatal};
  };
  const auto state = rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6 h7! u4 h4' h5'! u4 c");
  CHECK(state.activity == Activity::stopped);
  CHECK(state.next == 4);
  CHECK(state.error->event_id == 5);
  CHECK(rig.rows() == upto(3));
  rig.check_recovers();
}

TEST_CASE_TEMPLATE("a flush that fails has its batch delivered again one by one, unless it names the event",
                   Ten, TenThatWrite, TenThatEmit) {
  struct Row {
    std::string what;
    std::uint64_t chokes_on;
    std::optional<std::uint64_t> names;
    std::string work;
  };
  const Row rows[] = {
      {"unnamed, middle", 6, {}, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f c h6' f! u6 c"},
      {"unnamed, first", 4, {}, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f! u4 c"},
      {"unnamed, last", 7, {}, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f c h6' f c h7' f! u7 c"},
      {"named, middle", 6, 6, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' h5' f c"},
      {"named, first", 4, 4, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 c"},
      {"named, last", 7, 7, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' h5' h6' f c"},
      {"names one of the future", 5, 8, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f! u5 c"},
      {"names one of the past", 5, 3, "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f! u5 c"},
  };
  for (const auto& row : rows) {
    for (const auto outcome : {Outcome::fail, Outcome::retry}) {
      CAPTURE(row.what);
      CAPTURE(to_string(outcome));
      Ten rig;
      choke_on(rig.script, row.chokes_on, {.outcome = outcome, .names = row.names});
      rig.run();
      CHECK(rig.script.work() == row.work);
      rig.check_stopped_at(row.chokes_on);
      CHECK(rig.durable().error->stage == "flush");
      CHECK(rig.durable().error->attempt == 1);
      rig.check_recovers();
    }
  }
}

TEST_CASE_TEMPLATE("a flush that fails once costs nothing but the batch's one by one", Ten, TenThatWrite,
                   TenThatEmit) {
  Ten rig;
  rig.script.flush = {.outcome = Outcome::fail, .times = 1};
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.script.work() == "h0 h1 h2 h3 f! u0 h0' f c h1' f c h2' f c h3' f c h4 h5 h6 h7 f c h8 h9 f c");
  CHECK(rig.rows() == upto(9));
  CHECK(rig.durable().handled == 10);
}

TEST_CASE_TEMPLATE("a flush that always fails stops the processor at the first event", Ten, TenThatWrite,
                   TenThatEmit) {
  Ten rig;
  rig.script.flush = {.outcome = Outcome::fail};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f! u0 h0' f! u0 c");
  rig.check_stopped_at(0);
}

TEST_CASE("a flush that names an event that the handler did not get is a flush that names none") {
  Rig rig;
  rig.log.append({{"wanted"}, {"other"}, {"wanted"}});
  rig.script.flush = {.outcome = Outcome::fail, .times = 1, .names = 1};
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.script.work() == "h0 h2 f! u0 h0' f c h2' f c");
  CHECK(rig.rows() == "0 2");
}

TEST_CASE_TEMPLATE("a flush that reports a broken environment stops the processor with the batch undone", Ten,
                   TenThatWrite, TenThatEmit) {
  Ten rig;
  choke_on(rig.script, 5, {.outcome = Outcome::fatal, .names = 5});
  const auto state = rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 c");
  CHECK(state.activity == Activity::stopped);
  CHECK(state.next == 4);
  CHECK(state.error->outcome == "fatal");
  CHECK(rig.rows() == upto(3));
  rig.check_recovers();
}

TEST_CASE_TEMPLATE(
    "a flush that fails for the neighbours of a failed event has them delivered one by one, and it again",
    Ten, TenThatWrite, TenThatEmit) {
  Ten rig;
  rig.script.events[3] = {.outcome = Outcome::fail, .writes = false};
  rig.script.flush = {.outcome = Outcome::fail, .times = 1};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3! u3 f! u0 h0' f c h1' f c h2' f c h3'! u3 c");
  rig.check_stopped_at(3);
  rig.check_recovers();
}

TEST_CASE_TEMPLATE("SQL that ends the host's transaction undoes the batch, whatever the handler then says",
                   Ten, TenThatWrite, TenThatEmit) {
  const char* or_rollback = "insert or rollback into rows values (0)";
  for (const auto outcome : {Outcome::handled, Outcome::skip, Outcome::fail, Outcome::retry}) {
    CAPTURE(to_string(outcome));
    Ten rig;
    rig.script.events[6] = {.outcome = outcome, .sql = or_rollback, .swallows = true};
    rig.run();
    CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6! u4 h4' h5' f c");
    rig.check_stopped_at(6);
    const bool said = outcome == Outcome::fail || outcome == Outcome::retry;
    CHECK(rig.durable().error->code == (said ? "boom" : "transaction_lost"));
    CHECK(rig.durable().error->outcome == to_string(said ? outcome : Outcome::fail));
    rig.check_recovers();
  }
}

TEST_CASE_TEMPLATE("SQL in flush that ends the host's transaction counts as a flush that failed", Ten,
                   TenThatWrite, TenThatEmit) {
  Ten rig;
  choke_on(rig.script, 6, {.sql = "insert or rollback into rows values (0)", .swallows = true});
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f c h6' f! u6 c");
  rig.check_stopped_at(6);
  CHECK(rig.durable().error->code == "transaction_lost");
  rig.check_recovers();
}

TEST_CASE_TEMPLATE("a commit that a deferred constraint refuses finds the event at fault", Ten, TenThatWrite,
                   TenThatEmit) {
  Ten rig;
  rig.script.schema += "; create table links (id integer references rows (id) deferrable initially deferred)";
  rig.script.events[6] = {.sql = "insert into links values (999)"};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6 h7 f u4 h4' f c h5' f c h6' f u6 c");
  rig.check_stopped_at(6);
  CHECK(rig.durable().error->stage == "commit");
  CHECK(rig.durable().error->code == "constraint");
  CHECK(rig.durable().error->outcome == "host");
  rig.check_recovers();
}

}  // namespace aludel
