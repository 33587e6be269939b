// SPDX-License-Identifier: MIT
// The log drops its oldest events, and a processor may not have come to them.
#include <string>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "processor/projection.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

/// Twelve events in blocks of three, of which the first ones will be dropped.
class DropRig : public Rig {
 public:
  DropRig() { log.append("wanted", 12, 3); }

  /// Gives a command; the next run applies it.
  void order(Command::Kind kind) {
    Command command;
    command.kind = kind;
    Rig::command(directory(), command);
  }
  /// What came of the command given last.
  [[nodiscard]] std::string answer() const {
    return text_in(directory(),
                   "select iif(refused, 'refused: ', '') || message from _aludel_command order by id desc");
  }
  void check_expired(const ProcessorState& state, const std::string& events) const {
    CHECK(state.activity == Activity::expired);
    REQUIRE(state.error);
    CHECK(state.error->code == "dropped");
    CHECK(state.error->message.find("it will never handle " + events + ":") != std::string::npos);
    CHECK(state.error->message.find("`processor skip`") != std::string::npos);
  }
};

/// A rig whose processor stopped at event 4, and whose log begins with event 9.
class ExpiredRig : public DropRig {
 public:
  ExpiredRig() {
    script.events[4] = {.outcome = Outcome::fail, .times = 1};
    CHECK(run().activity == Activity::stopped);
    log.drop(9);
  }
};

std::string from_nine() {
  return "0 1 2 3 9 10 11";
}

}  // namespace

TEST_CASE(
    "a processor that is done with all that was dropped goes on, and knows its log by the block before") {
  DropRig rig;
  rig.run();
  rig.log.append("wanted", 3, 3);
  rig.log.drop(12);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(14));

  DropRig other;
  other.run();
  other.log.cut(9);
  other.log.append("wanted", 6, 3);
  other.log.drop(12);
  CHECK(other.run().activity == Activity::diverged);
}

TEST_CASE("a new processor begins with the first event that is kept") {
  DropRig rig;
  rig.log.drop(6);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == "6 7 8 9 10 11");
  CHECK(rig.durable().expired == 0);
  CHECK(rig.run().activity == Activity::offline);
}

TEST_CASE("one whose next events were dropped is expired, says which they are, and handles nothing") {
  ExpiredRig rig;
  for (int run = 0; run < 2; ++run) {
    const auto state = rig.run();
    rig.check_expired(state, "events 4 to 8 (5)");
    rig.check_expired(rig.durable(), "events 4 to 8 (5)");
    CHECK(state.next == 4);
    CHECK(rig.script.work() == "");
    CHECK(rig.rows() == upto(3));
  }
  rig.log.drop(9);
  rig.order(Command::Kind::resume);
  rig.check_expired(rig.run(), "events 4 to 8 (5)");
  CHECK(rig.answer().find("refused: it will never handle events 4 to 8 (5)") == 0);
}

TEST_CASE("a skip goes on behind what was dropped, and counts it") {
  ExpiredRig rig;
  rig.run();
  rig.order(Command::Kind::skip);
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK_FALSE(state.error);
  CHECK(rig.answer() == "events 4 to 8 (5), which the log had dropped");
  CHECK(rig.rows() == from_nine());
  CHECK(rig.durable().expired == 5);
  CHECK(rig.durable().skipped == 0);
  CHECK(rig.durable().handled == 7);

  // Once more, and it adds up.
  rig.log.append("wanted", 6, 3);
  rig.log.drop(15);
  rig.check_expired(rig.run(), "events 12 to 14 (3)");
  rig.order(Command::Kind::skip);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.durable().expired == 8);
  CHECK(rig.rows() == from_nine() + " 15 16 17");
}

TEST_CASE("the only event that was dropped is told as one") {
  DropRig rig;
  rig.log.append("wanted", 1, 1);
  rig.log.append("wanted", 1, 1);
  rig.script.events[12] = {.outcome = Outcome::fail, .times = 1};
  CHECK(rig.run().activity == Activity::stopped);
  rig.log.drop(13);
  rig.check_expired(rig.run(), "event 12");
}

TEST_CASE("one that waits for its next attempt is expired as soon as it is nudged") {
  DropRig rig;
  rig.script.events[4] = {.outcome = Outcome::retry};
  rig.options.error_policy.processor.strategy = Strategy::retry;
  rig.steps.emplace_back([&](const FakeLog::Wait& /*wait*/) {
    rig.log.drop(9);
    rig.stop.nudge();
  });
  rig.check_expired(rig.run(), "events 4 to 8 (5)");
  CHECK(rig.rows() == upto(3));
}

TEST_CASE("one that reads what is dropped ahead of it commits what it has, and is expired") {
  DropRig rig;
  rig.script.in_handle = [&](const Event& event) {
    if (event.id == 4) rig.log.drop(9);
  };
  rig.check_expired(rig.run(), "events 6 to 8 (3)");
  CHECK(rig.rows() == upto(5));
  CHECK(rig.durable().next == 6);
}

TEST_CASE("one that is paused is expired too, and after a skip it is paused still") {
  ExpiredRig rig;
  rig.order(Command::Kind::pause);
  rig.check_expired(rig.run(), "events 4 to 8 (5)");
  rig.order(Command::Kind::skip);
  CHECK(rig.run().activity == Activity::paused);
  CHECK_FALSE(rig.durable().error);
  rig.order(Command::Kind::resume);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == from_nine());
}

TEST_CASE("of one that is expired the letters can be replayed, and what it emitted is relayed") {
  DropRig rig;
  rig.script.emits = true;
  rig.script.events[1] = {.outcome = Outcome::fail, .until = 1};
  rig.script.events[4] = {.outcome = Outcome::retry};
  rig.options.error_policy.processor.strategy = Strategy::dead_letter;
  rig.options.error_policy.processor.on_retry = Strategy::fail_fast;
  rig.appender = nullptr;
  CHECK(rig.run().activity == Activity::stopped);
  rig.log.drop(9);
  rig.appender = &rig.emitted;
  rig.order(Command::Kind::replay);
  rig.check_expired(rig.run(), "events 4 to 8 (5)");
  rig.check_expired(rig.durable(), "events 4 to 8 (5)");
  CHECK(rig.rows() == upto(3));
  CHECK(rig.emitted.keys().find("0 2 3") == 0);
  CHECK(Rig::text_in(rig.directory(), "select state from _aludel_letter") == "replayed");
  rig.order(Command::Kind::skip);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == from_nine());
}

TEST_CASE("a reset begins with the first event that is kept, and says what it will not handle again") {
  for (const bool expired : {false, true}) {
    CAPTURE(expired);
    DropRig rig;
    if (expired) rig.script.events[4] = {.outcome = Outcome::fail, .times = 1};
    rig.run();
    rig.log.drop(9);
    rig.order(Command::Kind::reset);
    CHECK(rig.run().activity == Activity::offline);
    CHECK(rig.answer() == "it begins with event 9: the log has dropped events 0 to 8 (9)");
    CHECK(rig.rows() == "9 10 11");
    CHECK(rig.durable().expired == 9);
    // What it begins with is where it began.
    rig.order(Command::Kind::reset);
    CHECK(rig.run().activity == Activity::offline);
    CHECK(rig.answer().empty());
    CHECK(rig.durable().expired == 0);
    CHECK(rig.rows() == "9 10 11");
  }
}

TEST_CASE("another log is told before what that has dropped, and is begun where it begins") {
  DropRig rig;
  rig.run();
  rig.log.set_log_id(Uuid::random());
  rig.log.append("wanted", 6, 3);
  rig.log.drop(15);
  CHECK(rig.run().activity == Activity::diverged);
  rig.order(Command::Kind::skip);
  CHECK(rig.run().activity == Activity::diverged);
  CHECK(rig.answer().find("refused: ") == 0);
  rig.order(Command::Kind::reset);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == "15 16 17");
}

}  // namespace aludel
