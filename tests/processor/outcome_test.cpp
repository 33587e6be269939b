// SPDX-License-Identifier: MIT
// What becomes of a failed event under each error strategy. The journal's words are explained at
// `Script::journal`.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

/// Ten events in blocks of three, in batches of four, under a strategy.
class Outcomes : public Rig {
 public:
  explicit Outcomes(Strategy strategy, Then then = Then::dead_letter) {
    log.append("wanted", 10, 3);
    options.batch_size = 4;
    options.error_policy.processor.strategy = strategy;
    RetryPolicy retry;
    retry.max_retries = 2;
    retry.backoff = {milliseconds(100), milliseconds(1'000), 2.0, 0.0};
    retry.then = then;
    options.error_policy.processor.retry = retry;
  }

  /// "event outcome stage code attempts" of each letter.
  [[nodiscard]] std::string letters() const {
    return text_in(directory(),
                   "select group_concat(event_id || ' ' || outcome || ' ' || stage || ' ' || code || ' ' || "
                   "attempts, ', ') from (select * from _aludel_letter order by id)");
  }
  void check_at_the_end(const std::string& expected_rows, std::uint64_t skipped, std::uint64_t letters) {
    CHECK(rows() == expected_rows);
    const auto seen = durable();
    CHECK(seen.activity == Activity::offline);
    CHECK(seen.next == 10);
    CHECK(seen.skipped == skipped);
    CHECK(seen.dead_letters == letters);
    CHECK(seen.handled == 10 - skipped - letters);
    CHECK_FALSE(seen.error);
  }
};

constexpr int always = 1'000'000;

}  // namespace

TEST_CASE("log_and_skip and dead_letter move past the failed event, and its neighbours stay") {
  struct Row {
    std::uint64_t failing;
    bool writes;
    std::string work;
  };
  const Row rows[] = {
      {0, false, "h0! u0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9 f c"},
      {1, false, "h0 h1! u1 h2 h3 f c h4 h5 h6 h7 f c h8 h9 f c"},
      {3, false, "h0 h1 h2 h3! u3 f c h4 h5 h6 h7 f c h8 h9 f c"},
      {9, false, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9! u9 f c"},
      {0, true, "h0! u0 c h1 h2 h3 h4 f c h5 h6 h7 h8 f c h9 f c"},
      {1, true, "h0 h1! u0 h0' f c h2 h3 h4 h5 f c h6 h7 h8 h9 f c"},
      {3, true, "h0 h1 h2 h3! u0 h0' h1' h2' f c h4 h5 h6 h7 f c h8 h9 f c"},
      {9, true, "h0 h1 h2 h3 f c h4 h5 h6 h7 f c h8 h9! u8 h8' f c"},
  };
  for (const auto& row : rows) {
    for (const auto outcome : {Outcome::fail, Outcome::retry}) {
      for (const auto strategy : {Strategy::log_and_skip, Strategy::dead_letter}) {
        const std::string how(to_string(strategy));
        CAPTURE(row.failing);
        CAPTURE(row.writes);
        CAPTURE(how);
        Outcomes rig(strategy);
        rig.script.events[row.failing] = {.outcome = outcome, .writes = row.writes};
        CHECK(rig.run().activity == Activity::offline);
        CHECK(rig.script.work() == row.work);
        const bool letter = strategy == Strategy::dead_letter;
        rig.check_at_the_end(Rig::all_but(9, {row.failing}), letter ? 0 : 1, letter ? 1 : 0);
        CHECK(rig.letters() ==
              (letter ? std::to_string(row.failing) + " " + std::string(to_string(outcome)) + " handle boom 1"
                      : ""));
        CHECK(rig.logged.back() == "event " + std::to_string(row.failing) + ": boom: scripted; " +
                                       (letter ? "it becomes a dead letter" : "it is skipped"));
      }
    }
  }
}

TEST_CASE("several failed events of a batch are decided on once each") {
  Outcomes rig(Strategy::dead_letter);
  for (const std::uint64_t id : {1U, 2U, 5U})
    rig.script.events[id] = {.outcome = Outcome::fail};
  rig.run();
  CHECK(rig.script.work() == "h0 h1! u0 h0' f c h2! u2 c h3 h4 h5! u3 h3' h4' f c h6 h7 h8 h9 f c");
  rig.check_at_the_end(Rig::all_but(9, {1, 2, 5}), 0, 3);
  CHECK(rig.letters() == "1 fail handle boom 1, 2 fail handle boom 1, 5 fail handle boom 1");
}

TEST_CASE("a letter holds the whole event and why it was not handled") {
  Outcomes rig(Strategy::dead_letter);
  rig.script.events[4] = {.outcome = Outcome::fail};
  rig.run();
  const auto letter = [&](const std::string& columns) {
    return Rig::text_in(rig.directory(), "select " + columns + " from _aludel_letter");
  };
  CHECK(letter("event_id || type || state || handler_version") == "4wanteddead1.0.0");
  CHECK(letter("message || folded || reason || replays") == "scriptedscripted0");
  CHECK(letter("first_failed_ns = last_failed_ns and last_failed_ns = " +
               std::to_string(rig.clock.wall_ns())) == "1");
}

TEST_CASE("a transient failure is tried again after a growing delay, and its neighbours are not") {
  Outcomes rig(Strategy::retry);
  rig.script.events[5] = {.outcome = Outcome::retry, .times = 2};
  const auto begun = rig.clock.now();
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5! u4 h4' f c h5'#2! u5 c h5'#3 h6 h7 h8 f c h9 f c");
  rig.check_at_the_end(upto(9), 0, 0);
  CHECK(rig.clock.now() - begun == milliseconds(100 + 200));
  std::vector<std::uint32_t> attempts;
  for (const auto& state : rig.told) {
    if (state.activity != Activity::retrying) continue;
    REQUIRE(state.error);
    CHECK(state.error->event_id == 5);
    CHECK(state.error->next_try_ns == state.error->since_ns + (attempts.empty() ? 100'000'000 : 200'000'000));
    attempts.push_back(state.error->attempt);
  }
  CHECK(attempts == std::vector<std::uint32_t>{1, 2});
}

TEST_CASE("what is permanent, or has been tried often enough, goes to `then`") {
  struct Row {
    Outcome outcome;
    Then then;
    std::string work;
    Activity activity;
    std::string letters;
  };
  const std::string once = "h0 h1 h2 h3 f c h4 h5! u4 h4' f c";
  const std::string thrice = once + " h5'#2! u5 c h5'#3! u5 c";
  const std::string rest = " h6 h7 h8 h9 f c";
  const Row rows[] = {
      {Outcome::fail, Then::dead_letter, once + rest, Activity::offline, "5 fail handle boom 1"},
      {Outcome::fail, Then::skip, once + rest, Activity::offline, ""},
      {Outcome::fail, Then::stop, once, Activity::stopped, ""},
      {Outcome::retry, Then::dead_letter, thrice + rest, Activity::offline, "5 retry handle boom 3"},
      {Outcome::retry, Then::skip, thrice + rest, Activity::offline, ""},
      {Outcome::retry, Then::stop, thrice, Activity::stopped, ""},
  };
  for (const auto& row : rows) {
    const std::string then(to_string(row.then));
    CAPTURE(then);
    CAPTURE(row.work);
    Outcomes rig(Strategy::retry, row.then);
    rig.script.events[5] = {.outcome = row.outcome};
    CHECK(rig.run().activity == row.activity);
    CHECK(rig.script.work() == row.work);
    CHECK(rig.letters() == row.letters);
    if (row.activity == Activity::offline) {
      const bool letter = row.then == Then::dead_letter;
      rig.check_at_the_end(Rig::all_but(9, {5}), letter ? 0 : 1, letter ? 1 : 0);
    } else {
      CHECK(rig.rows() == upto(4));
      CHECK(rig.durable().error->attempt == (row.outcome == Outcome::fail ? 1 : 3));
    }
  }
}

TEST_CASE("attempts go on counting over a restart, and the rest of the wait is waited for") {
  Outcomes rig(Strategy::retry);
  rig.script.events[5] = {.outcome = Outcome::retry};
  // It is stopped in the middle of the second wait, which is 200 ms long.
  rig.steps.push_back([&](const FakeLog::Wait& wait) { rig.clock.advance(*wait.timeout); });
  rig.steps.push_back([&](const FakeLog::Wait&) {
    rig.clock.advance(milliseconds(50));
    rig.stop.raise();
  });
  CHECK(rig.run().activity == Activity::offline);
  auto seen = rig.durable();
  CHECK(seen.activity == Activity::offline);
  CHECK(seen.next == 5);
  REQUIRE(seen.error);
  CHECK(seen.error->attempt == 2);
  const auto first_failed = seen.error->first_failed_ns;
  CHECK(first_failed == seen.error->since_ns - 100'000'000);

  rig.clock.advance(milliseconds(30));
  const auto begun = rig.clock.now();
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.clock.now() - begun == milliseconds(120));
  CHECK(rig.script.work() == "h5#3! u5 c h6 h7 h8 h9 f c");
  CHECK(rig.letters() == "5 retry handle boom 3");
  CHECK(Rig::number_in(rig.directory(), "select first_failed_ns from _aludel_letter") == first_failed);
}

TEST_CASE("a wait after a restart is never longer than it was meant to be, whatever the clock says") {
  for (const auto shift : {std::chrono::hours(-48), std::chrono::hours(48)}) {
    Outcomes rig(Strategy::retry);
    rig.script.events[0] = {.outcome = Outcome::retry, .times = 1};
    rig.steps.push_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
    rig.run();
    rig.clock.set_wall(rig.clock.wall_ns() + std::chrono::nanoseconds(shift).count());
    const auto begun = rig.clock.now();
    rig.run();
    CHECK(rig.clock.now() - begun == (shift.count() < 0 ? milliseconds(100) : milliseconds(0)));
    rig.check_at_the_end(upto(9), 0, 0);
  }
}

TEST_CASE("attempts go on counting when the processor has stopped for another reason meanwhile") {
  struct Row {
    std::string reason;
    std::function<void(Outcomes&)> breaks;
    std::string error;  ///< of the run that it stops
  };
  const Row rows[] = {
      {"create", [](Outcomes& rig) { rig.script.create.outcome = Outcome::fail; }, "boom: scripted"},
      {"start", [](Outcomes& rig) { rig.script.start.outcome = Outcome::fatal; }, "boom: scripted"},
      {"read", [](Outcomes& rig) { rig.log.fail_at(5); }, "corrupt: look up event 4: "},
      {"commit",
       [](Outcomes& rig) { rig.script.events[5] = {.sql = "update _aludel_cursor set fingerprint = 4711"}; },
       "cursor_moved: move the cursor"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.reason);
    Outcomes rig(Strategy::retry);
    rig.script.events[5] = {.outcome = Outcome::retry};
    rig.steps.push_back([&](const FakeLog::Wait& wait) { rig.clock.advance(*wait.timeout); });
    rig.steps.push_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
    rig.run();
    const auto script = rig.script;
    row.breaks(rig);
    const auto stopped = rig.run();
    REQUIRE(stopped.error);
    CHECK(describe(*stopped.error).starts_with(row.error));
    CHECK(rig.durable().error->event_id == 5);
    CHECK(rig.durable().error->attempt == 2);
    rig.script = script;
    rig.log.fail_at(std::nullopt);
    CHECK(rig.run().activity == Activity::offline);
    CHECK(rig.letters() == "5 retry handle boom 3");
    CHECK_FALSE(rig.durable().error);
  }
}

TEST_CASE("attempts go on counting when the handler has asked to be brought up later meanwhile") {
  Outcomes rig(Strategy::retry);
  rig.script.events[5] = {.outcome = Outcome::retry};
  rig.steps.push_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
  rig.run();
  rig.script.create = {.outcome = Outcome::retry, .times = 1};
  rig.run();
  CHECK(rig.letters() == "5 retry handle boom 3");
}

TEST_CASE("what a processor has stopped for since an event failed does not have that event skipped") {
  Outcomes rig(Strategy::fail_fast);
  rig.script.events[5] = {.outcome = Outcome::fail};
  rig.run();
  rig.script.start.outcome = Outcome::fatal;
  const auto stopped = rig.run();
  rig.options.start = Processor::Start::as_it_was;
  rig.options.verdict = Standstill{stopped.activity, *stopped.error};
  Rig::command(rig.directory(), {0, Command::Kind::skip});
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().next == 5);
}

TEST_CASE("a newer version of the handler has all its attempts before it") {
  Outcomes rig(Strategy::retry);
  rig.script.events[5] = {.outcome = Outcome::retry};
  rig.steps.push_back([&](const FakeLog::Wait& wait) { rig.clock.advance(*wait.timeout); });
  rig.steps.push_back([&](const FakeLog::Wait&) { rig.stop.raise(); });
  rig.run();
  CHECK(rig.durable().error->attempt == 2);
  rig.script.description.version = "1.0.1";
  rig.run();
  CHECK(rig.script.work() == "c h5! u5 c h5'#2! u5 c h5'#3! u5 c h6 h7 h8 h9 f c");
  CHECK(rig.letters() == "5 retry handle boom 3");
}

TEST_CASE("each start of a processor that stopped is another attempt, but for an outage") {
  Outcomes rig(Strategy::fail_fast);
  rig.script.events[5] = {.outcome = Outcome::fail};
  for (const std::uint32_t attempt : {1U, 2U, 3U}) {
    rig.run();
    CHECK(rig.durable().error->attempt == attempt);
  }
  rig.script.events[5].outcome = Outcome::fatal;
  for (int run = 0; run < 2; ++run) {
    rig.run();
    CHECK(rig.durable().error->attempt == 4);
  }
}

TEST_CASE("a fatal outcome stops under every strategy, and is no dead letter") {
  for (const auto strategy : {Strategy::fail_fast, Strategy::log_and_skip, Strategy::dead_letter,
                              Strategy::retry, Strategy::custom}) {
    Outcomes rig(strategy);
    rig.script.description.has_on_error = true;
    rig.script.events[5] = {.outcome = Outcome::fatal};
    CHECK(rig.run().activity == Activity::stopped);
    CHECK(rig.rows() == upto(4));
    CHECK(rig.letters().empty());
    CHECK(rig.script.work().find('e') == std::string::npos);
  }
}

TEST_CASE("under custom the handler decides, within the operator's limits") {
  struct Row {
    std::optional<Decision> decision;
    std::string work;
    std::string letters;
    std::uint64_t skipped;
  };
  using D = Decision::Kind;
  const std::string failed = "h0 h1 h2 h3 f c h4 h5! u5 e5 ";
  const std::string rest = "h6 h7 f c h8 h9 f c";
  const Row rows[] = {
      {Decision{D::skip}, failed + rest, "", 1},
      {Decision{D::dead_letter}, failed + rest, "5 fail handle boom 1", 0},
      {Decision{D::by_default}, failed + rest, "5 fail handle boom 1", 0},
      // It has no opinion: the default.
      {std::nullopt, failed + rest, "5 fail handle boom 1", 0},
      {Decision{D::retry, milliseconds(7)}, failed + "f c h5'#2! u5 e5 c h5'#3! u5 e5 h6 h7 h8 f c h9 f c",
       "5 fail handle boom 3", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.work);
    Outcomes rig(Strategy::custom);
    rig.script.events[5] = {.outcome = Outcome::fail, .writes = false};
    std::vector<std::uint32_t> asked;
    rig.script.on_error = [&](const Event& event, const Instance::EventFailure& failure) {
      CHECK(event.id == 5);
      CHECK(failure.code == "boom");
      CHECK(failure.stage == Stage::handle);
      CHECK(failure.outcome == Outcome::fail);
      asked.push_back(failure.attempt);
      return row.decision;
    };
    const auto begun = rig.clock.now();
    rig.run();
    CHECK(rig.script.work() == row.work);
    CHECK(rig.letters() == row.letters);
    CHECK(rig.durable().skipped == row.skipped);
    CHECK(asked.size() == (rig.clock.now() == begun ? 1 : 3));
  }
  Outcomes rig(Strategy::custom);
  rig.script.events[5] = {.outcome = Outcome::fail};
  rig.script.on_error = [](const Event&, const Instance::EventFailure&) { return Decision{D::stop}; };
  CHECK(rig.run().activity == Activity::stopped);
}

TEST_CASE("a failed flush goes the way of the event at fault") {
  Outcomes rig(Strategy::dead_letter);
  rig.script.gathers = true;
  rig.script.in_flush = [&](const std::vector<std::uint64_t>& gathered) {
    const bool holds = std::find(gathered.begin(), gathered.end(), 6U) != gathered.end();
    rig.script.flush = holds ? Script::Deed{.outcome = Outcome::fail} : Script::Deed{};
  };
  rig.run();
  CHECK(rig.script.work() ==
        "h0 h1 h2 h3 f c h4 h5 h6 h7 f! u4 h4' f c h5' f c h6' f! u6 c h7' f c h8 h9 f c");
  rig.check_at_the_end(Rig::all_but(9, {6}), 0, 1);
  CHECK(rig.letters() == "6 fail flush boom 1");
}

TEST_CASE("what validate reports is the event's outcome, and handle is not called") {
  Outcomes rig(Strategy::dead_letter);
  rig.script.description.has_validate = true;
  rig.script.validation[5] = {.outcome = Outcome::fail};
  rig.script.validation[6] = {.outcome = Outcome::skip};
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 v5! u5 v6! h7 f c h8 h9 f c");
  rig.check_at_the_end(Rig::all_but(9, {5, 6}), 1, 1);
  CHECK(rig.letters() == "5 fail validate boom 1");
}

TEST_CASE("the strategy may differ by type and by outcome") {
  Outcomes rig(Strategy::fail_fast);
  rig.options.error_policy.processor.on_fail = Strategy::log_and_skip;
  Treatment letter;
  letter.strategy = Strategy::dead_letter;
  rig.options.error_policy.types.push_back({"want*", letter});
  rig.script.events[5] = {.outcome = Outcome::fail};
  rig.run();
  rig.check_at_the_end(Rig::all_but(9, {5}), 0, 1);

  Outcomes other(Strategy::fail_fast);
  other.options.error_policy.processor.on_fail = Strategy::log_and_skip;
  other.script.events[5] = {.outcome = Outcome::fail};
  other.script.events[7] = {.outcome = Outcome::retry};
  CHECK(other.run().activity == Activity::stopped);
  CHECK(other.rows() == Rig::all_but(6, {5}));
}

TEST_CASE("a letter that cannot be written stops the processor") {
  Outcomes rig(Strategy::dead_letter);
  rig.script.events[5] = {.outcome = Outcome::fail};
  rig.script.events[3] = {.sql = "drop table _aludel_letter"};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().next == 4);
  CHECK(rig.durable().error->stage == "dead_letter");
}

TEST_CASE("an event that always fails is passed in batches of any size") {
  for (const std::uint64_t size : {1U, 2U, 3U, 10U, 100U}) {
    CAPTURE(size);
    Outcomes rig(Strategy::dead_letter);
    rig.options.batch_size = size;
    for (std::uint64_t id = 0; id < 10; ++id)
      rig.script.events[id] = {.outcome = Outcome::fail, .writes = id % 2 == 0, .times = always};
    rig.run();
    rig.check_at_the_end("", 0, 10);
  }
}

}  // namespace aludel
