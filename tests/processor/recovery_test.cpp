// SPDX-License-Identifier: MIT
// What becomes of an event that the process before died at: it has failed, and the strategy decides.
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

constexpr ProcessEnd crashed{ProcessEnd::Kind::signalled, SIGSEGV};
constexpr ProcessEnd killed{ProcessEnd::Kind::signalled, SIGKILL};

/// Ten events, at the sixth of which a process has died before anything was committed.
class Recovery : public Rig {
 public:
  explicit Recovery(Strategy strategy = Strategy::dead_letter) {
    log.append("wanted", 10, 10);
    options.error_policy.processor.strategy = strategy;
    died_in(5, 1, crashed);
  }
  /// "event code stage attempts" of each letter.
  [[nodiscard]] std::string letters() const {
    return text_in(directory(),
                   "select ifnull(group_concat(event_id || ' ' || code || ' ' || stage || ' ' || attempts, "
                   "', '), '') from (select * from _aludel_letter order by id)");
  }
  [[nodiscard]] bool called(std::string_view what) const {
    return (" " + script.work() + " ").find(" " + std::string(what) + " ") != std::string::npos;
  }
};

}  // namespace

TEST_CASE("an event that the process died at fails without a call, behind a commit of those before it") {
  Recovery rig;
  rig.run();
  CHECK(rig.script.work() == "h0 h1 h2 h3 h4 f c h6 h7 h8 h9 f c");
  CHECK(rig.rows() == Rig::all_but(9, {5}));
  CHECK(rig.letters() == "5 crashed handle 1");
  CHECK(Rig::text_in(rig.directory(), "select outcome || ': ' || message from _aludel_letter") ==
        "fail: killed by signal 11 (Segmentation fault) in handle");
  CHECK(rig.durable().dead_letters == 1);
}

TEST_CASE("under a strategy that stops, the processor stands before the event that its process died at") {
  Recovery rig(Strategy::fail_fast);
  rig.run();
  const auto state = rig.durable();
  CHECK(state.activity == Activity::stopped);
  CHECK(state.next == 5);
  REQUIRE(state.error);
  CHECK(state.error->event_id == 5u);
  CHECK(state.error->attempt == 1);
  CHECK(state.error->outcome == "fail");
  CHECK(state.error->code == "crashed");
  CHECK(rig.rows() == upto(4));
  CHECK_FALSE(rig.called("h5"));

  SUBCASE("the next start tries again, and counts on") {
    rig.run();
    CHECK(rig.called("h5#2"));
    CHECK(rig.rows() == upto(9));
  }
  SUBCASE("a skip moves past it") {
    Rig::command(rig.directory(), {0, Command::Kind::skip});
    rig.options.start = Processor::Start::as_it_was;
    rig.run();
    CHECK(rig.rows() == Rig::all_but(9, {5}));
  }
}

TEST_CASE("other strategies meet a death as they meet a failure that is permanent") {
  SUBCASE("log_and_skip") {
    Recovery rig(Strategy::log_and_skip);
    rig.run();
    CHECK(rig.durable().skipped == 1);
    CHECK(rig.letters().empty());
  }
  SUBCASE("retry") {
    Recovery rig(Strategy::retry);
    rig.run();
    CHECK(rig.letters() == "5 crashed handle 1");
  }
  SUBCASE("by outcome") {
    Recovery rig(Strategy::fail_fast);
    rig.options.error_policy.processor.on_fail = Strategy::dead_letter;
    rig.run();
    CHECK(rig.letters() == "5 crashed handle 1");
  }
  SUBCASE("custom: the handler may have it tried again") {
    Recovery rig(Strategy::custom);
    rig.script.on_error = [](const Event&, const Instance::EventFailure& failure) {
      CHECK(failure.attempt == 1);
      CHECK(failure.code == "crashed");
      return Decision{Decision::Kind::retry};
    };
    rig.run();
    CHECK(rig.called("e5"));
    CHECK(rig.called("h5#2"));
    CHECK(rig.rows() == upto(9));
  }
}

TEST_CASE("an on_error that the process died in is not asked again") {
  Recovery rig(Strategy::custom);
  rig.died_in(5, 1, crashed, 0, Stage::on_error);
  rig.script.on_error = [](const Event&, const Instance::EventFailure&) {
    return Decision{Decision::Kind::retry};
  };
  rig.run();
  CHECK_FALSE(rig.called("e5"));
  CHECK(rig.letters() == "5 crashed on_error 1");
}

TEST_CASE("a death counts at the attempt that it came in, and only as long as that is not written down") {
  Recovery rig(Strategy::custom);
  rig.script.on_error = [](const Event&, const Instance::EventFailure& failure) {
    return Decision{failure.attempt < 3 ? Decision::Kind::retry : Decision::Kind::dead_letter};
  };
  rig.script.events[5] = {.outcome = Outcome::fail, .until = 2};
  rig.options.error_policy.processor.retry =
      RetryPolicy{5, {std::chrono::hours(1), std::chrono::hours(1)}, {}};
  rig.steps = {[&](const auto&) { rig.stop.raise(); }};
  rig.run();
  rig.steps = {[&](const auto& wait) { rig.clock.advance(*wait.timeout); },
               [&](const auto&) { rig.stop.raise(); }};
  rig.run();
  CHECK(rig.called("h5#2!"));
  // Of an attempt that is counted.
  rig.died_in(5, 2, crashed);
  rig.steps = {[&](const auto& wait) { rig.clock.advance(*wait.timeout); }};
  rig.run();
  CHECK(rig.called("h5#3"));
  CHECK(rig.rows() == upto(9));
}

TEST_CASE("an interruption leaves the event to be tried again, the third in a row is a failure") {
  Recovery rig;
  rig.died_in(5, 1, killed, 1);
  SUBCASE("the second") {
    rig.run();
    CHECK(rig.rows() == upto(9));
  }
  SUBCASE("the third") {
    rig.died_in(5, 1, killed, 2);
    rig.run();
    CHECK(rig.letters() == "5 interrupted handle 1");
  }
}

TEST_CASE("a process that only applies commands leaves a death to be counted by the next one") {
  for (const auto kind : {Command::Kind::discard, Command::Kind::replay}) {
    Recovery rig;
    Rig::command(rig.directory(), {0, kind});
    rig.options.start = Processor::Start::commands_only;
    rig.run();
    CHECK(rig.durable().next == 0);
    rig.options.start = Processor::Start::again;
    rig.run();
    CHECK_FALSE(rig.called("h5"));
    CHECK(rig.letters() == "5 crashed handle 1");
  }
}

TEST_CASE("an interruption is forgotten with the version and by the command that begin the attempts anew") {
  Recovery rig;
  rig.run();
  rig.log.append("wanted", 2, 2);
  rig.died_in(10, 1, killed, 1);
  rig.steps = {[&](const auto&) { rig.stop.raise(); }};
  const auto interruptions_after_start = [&] {
    std::uint32_t shown = 77;
    rig.script.in_handle = [&](const Event& event) {
      if (event.id != 10) return;
      const auto death = read_death(rig.directory() / "page");
      REQUIRE(death);
      shown = death->interruptions;
    };
    rig.run();
    return shown;
  };
  SUBCASE("neither") {
    CHECK(interruptions_after_start() == 3);
  }
  SUBCASE("another version") {
    rig.script.description.version = "9.9.9";
    CHECK(interruptions_after_start() == 1);
  }
  SUBCASE("a reset") {
    Rig::command(rig.directory(), {0, Command::Kind::reset});
    CHECK(interruptions_after_start() == 1);
  }
}

TEST_CASE("what fails among the events before does not make the death forgotten") {
  Recovery rig;
  SUBCASE("after it wrote") {
    rig.script.events[3] = {.outcome = Outcome::fail};
    rig.run();
    CHECK(rig.letters() == "3 boom handle 1, 5 crashed handle 1");
  }
  SUBCASE("in flush, with several") {
    rig.script.flush = {.outcome = Outcome::fail, .times = 1};
    rig.run();
    CHECK(rig.letters() == "5 crashed handle 1");
  }
  CHECK_FALSE(rig.called("h5"));
}

TEST_CASE("of a batch that was at stake as a whole, each event commits by itself") {
  for (const auto stage : {Stage::flush, Stage::rolled_back}) {
    Recovery rig;
    rig.died_in(2, 0, crashed, 0, stage);
    rig.run();
    CHECK(rig.script.work() == "h0 f c h1 f c h2 f c h3 h4 h5 h6 h7 h8 h9 f c");
  }
}

TEST_CASE("an event that was interrupted when it was alone stays so, and is counted on") {
  for (const auto stage : {Stage::flush, Stage::rolled_back}) {
    Recovery rig;
    rig.died_in(2, 1, killed, 1, stage);
    std::uint32_t interruptions = 0;
    rig.script.in_flush = [&](const std::vector<std::uint64_t>&) {
      const auto death = read_death(rig.directory() / "page");
      REQUIRE(death);
      if (death->event_id == 2) interruptions = death->interruptions;
    };
    rig.run();
    CHECK(rig.script.work() == "h0 f c h1 f c h2 f c h3 h4 h5 h6 h7 h8 h9 f c");
    // As if it had been interrupted again in the call.
    CHECK(interruptions == 3);
  }
}

TEST_CASE("another version of the handler has all its attempts before it") {
  Recovery rig(Strategy::fail_fast);
  rig.run();
  REQUIRE(rig.durable().activity == Activity::stopped);
  rig.script.description.version = "9.9.9";
  rig.died_in(5, 1, crashed);
  rig.run();
  CHECK(rig.called("h5"));
  CHECK(rig.rows() == upto(9));
}

TEST_CASE("a resume tries the event again that the process died at") {
  Recovery rig(Strategy::fail_fast);
  rig.run();
  rig.died_in(5, 1, crashed);
  Rig::command(rig.directory(), {0, Command::Kind::resume});
  rig.run();
  CHECK(rig.called("h5"));
  CHECK(rig.rows() == upto(9));
}

TEST_CASE("a resume that finds nothing to resume forgets no death") {
  Recovery rig;
  Rig::command(rig.directory(), {0, Command::Kind::resume});
  rig.run();
  CHECK_FALSE(rig.called("h5"));
  CHECK(rig.letters() == "5 crashed handle 1");
}

}  // namespace aludel
