// SPDX-License-Identifier: MIT
// What an operator's commands do while emitted events are on their way into the log, or are refused by it.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/limits.hpp"
#include "emitting_rig.hpp"
#include "support/wal_syncs.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

}  // namespace

TEST_CASE("a log that takes nothing does not keep commands from being applied") {
  Emitting rig;
  rig.emitted.fails_with.assign(3, disk_full());
  rig.steps = {[&](const auto&) {
    Rig::command(rig.directory(), {.kind = Command::Kind::pause});
    rig.stop.nudge();
  }};
  CHECK(rig.run().activity == Activity::paused);
  CHECK(rig.durable().next == 4);
  CHECK(rig.number("select count(*) from _aludel_command where finished") == 1);
  // What was committed before the pause has reached the log before the end.
  CHECK(rig.emitted.keys() == upto(3));
  CHECK(rig.waiting() == 0);
}

TEST_CASE("a command leaves the pauses of an outage as they are, but a resume has it try again at once") {
  struct Row {
    Command::Kind kind;
    std::vector<milliseconds> tries;
  };
  const Row rows[] = {{Command::Kind::pause, {milliseconds(0), milliseconds(100), milliseconds(300)}},
                      {Command::Kind::discard, {milliseconds(0), milliseconds(100), milliseconds(300)}},
                      {Command::Kind::resume, {milliseconds(0), milliseconds(30), milliseconds(130)}}};
  for (const auto& row : rows) {
    CAPTURE(to_string(row.kind));
    Emitting rig;
    rig.emitted.fails_with.assign(2, disk_full());
    const auto begun = rig.clock.now();
    std::vector<milliseconds> tries;
    rig.emitted.on_append = [&] {
      tries.push_back(std::chrono::duration_cast<milliseconds>(rig.clock.now() - begun));
    };
    rig.steps = {[&](const auto&) {
      rig.clock.advance(milliseconds(30));
      Rig::command(rig.directory(), {.kind = row.kind});
      rig.stop.nudge();
    }};
    rig.run();
    tries.resize(3);
    CHECK(tries == row.tries);
    CHECK(rig.number("select count(*) from _aludel_command where finished") == 1);
    CHECK(rig.waiting() == 0);
  }
}

TEST_CASE("what the log refuses for good stops the processor, and a resume sends it again") {
  for (const auto code : {ErrorCode::conflict, ErrorCode::limit, ErrorCode::invalid}) {
    CAPTURE(to_string(code));
    Emitting rig;
    rig.emitted.fails_with = {Error(code, "append: no"), Error(code, "append: no")};
    rig.run();
    CHECK(rig.told_errors().empty());
    CHECK(rig.emitted.calls.size() == 1);
    const auto state = rig.durable();
    CHECK(state.activity == Activity::stopped);
    CHECK(state.next == 4);
    CHECK(state.emits_pending == 4);
    REQUIRE(state.error);
    CHECK_FALSE(state.error->event_id);
    CHECK(state.error->stage == "relay");
    CHECK(state.error->code == "log_refuses");
    CHECK(state.error->message ==
          "relay emitted event 0: append: no; resume the processor once that is mended, or reset it, which "
          "gives up what is in its outbox");
    // The next start of the host tries again as well.
    CHECK(rig.run().activity == Activity::stopped);
    CHECK(rig.emitted.calls.size() == 2);
    rig.options.start = Processor::Start::as_it_was;
    Rig::command(rig.directory(), {.kind = Command::Kind::resume});
    CHECK(rig.run().activity == Activity::offline);
    CHECK_FALSE(rig.durable().error);
    rig.check_all_relayed();
  }
}

TEST_CASE("a reset gives up what the log refuses, says how much, and goes on as another producer") {
  Emitting rig;
  rig.run();
  rig.log.append("wanted", 3, 3);
  rig.emitted.fails_with = {Error(ErrorCode::conflict, "append: other bytes")};
  CHECK(rig.run().activity == Activity::stopped);
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  CHECK(rig.run().activity == Activity::offline);
  CHECK(Rig::text_in(rig.directory(), "select message from _aludel_command") ==
        "emitted events that were not relayed and are dropped: 3");
  // What it handled before stays behind it.
  CHECK(rig.number("select rebuild_below from _aludel_control") == 13);
  CHECK(rig.emitted.logs.size() == 2);
  CHECK(rig.waiting() == 0);
}

TEST_CASE("an outage that stops the relay is nothing that a reset gives up") {
  Emitting rig;
  {
    const WalSyncs syncs;
    rig.script.committed = [&](Database&) { WalSyncs::fail(); };
    CHECK(rig.run().activity == Activity::stopped);
    rig.script.committed = nullptr;
  }
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  rig.run();
  CHECK(rig.text_in(rig.directory(), "select message from _aludel_command").empty());
  CHECK(rig.emitted.logs.size() == 1);
}

TEST_CASE("a replay while the log refuses what was emitted leaves the reason, and the commands behind it") {
  Emitting rig;
  rig.options.error_policy.processor.strategy = Strategy::dead_letter;
  rig.script.events[1] = {.outcome = Outcome::fail};
  rig.emitted.fails_with.assign(100, Error(ErrorCode::limit, "append: no"));
  CHECK(rig.run().activity == Activity::stopped);
  rig.script.events.clear();
  rig.options.start = Processor::Start::commands_only;
  Rig::command(rig.directory(), {.kind = Command::Kind::replay});
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rows() == upto(1));
  CHECK(rig.durable().error->code == "log_refuses");
  Rig::command(rig.directory(), {.kind = Command::Kind::replay});
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  rig.run();
  CHECK(rig.number("select count(*) from _aludel_command where finished") == 3);
  CHECK(rig.waiting() == 0);
  CHECK_FALSE(rig.durable().error);
}

namespace {

/// Letters of the first four events, each of whose replays takes its time.
class Replaying : public Emitting {
 public:
  Replaying() {
    options.error_policy.processor.strategy = Strategy::dead_letter;
    for (const std::uint64_t id : {0U, 1U, 2U, 3U})
      script.events[id] = {.outcome = Outcome::fail};
    run();
    script.events.clear();
    emitted.calls.clear();
    script.in_handle = [this](const Event&) {
      most_waiting = std::max(most_waiting, waiting());
      clock.advance(limits::batch_time_max);
    };
    Rig::command(directory(), {.kind = Command::Kind::replay});
  }

  [[nodiscard]] std::string result() const {
    return text_in(directory(), "select finished || ' ' || succeeded || ' ' || failed from _aludel_command");
  }

  std::int64_t most_waiting = 0;
};

}  // namespace

TEST_CASE("what letters emit is relayed in between, whatever the log and the operator do meanwhile") {
  for (const std::size_t failures : {0U, 2U}) {
    CAPTURE(failures);
    Replaying rig;
    rig.emitted.fails_with.assign(failures, disk_full());
    if (failures > 0) {
      rig.steps = {[&](const auto&) {
        Rig::command(rig.directory(), {.kind = Command::Kind::pause});
        rig.stop.nudge();
      }};
    }
    rig.run();
    CHECK(rig.most_waiting <= 1);
    CHECK(rig.result() == "1 4 0");
    CHECK(rig.emitted.keys() == "4 5 6 7 8 9 0 1 2 3");
    CHECK(rig.waiting() == 0);
    CHECK(rig.durable().paused_ns.has_value() == (failures > 0));
  }
}

TEST_CASE("a replay of letters whose events the log refuses ends, and those behind stay open") {
  Replaying rig;
  rig.emitted.fails_with.assign(100, Error(ErrorCode::limit, "append: no"));
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().error->code == "log_refuses");
  CHECK(rig.result() == "1 1 1");
  CHECK(rig.text_in(rig.directory(), "select message from _aludel_command")
            .starts_with("stopped before letter 2: relay emitted event 6: append: no; resume the processor"));
  CHECK(rig.waiting() == 1);
  CHECK(rig.number("select count(*) from _aludel_letter where state = 'dead'") == 3);
}

TEST_CASE("a processor that is paused when it starts relays what a killed one left") {
  Emitting rig;
  rig.appender = nullptr;
  rig.run();
  Rig::command(rig.directory(), {.kind = Command::Kind::pause});
  CHECK(rig.run().activity == Activity::paused);
  CHECK(rig.waiting() == 10);
  rig.appender = &rig.emitted;
  CHECK(rig.run().activity == Activity::paused);
  rig.check_all_relayed();
}

TEST_CASE("a reset on another log, or another history, emits from there on as another producer") {
  struct Row {
    std::string what;
    std::function<void(Rig&)> estrange;
    std::int64_t last;  // of the log that is there then
  };
  const Row rows[] = {
      {"another log", [](Rig& rig) { rig.log.set_log_id(Uuid::random()); }, 9},
      {"a shorter history", [](Rig& rig) { rig.log.cut(6); }, 5},
      {"another history",
       [](Rig& rig) {
         rig.log.cut(3);
         rig.log.append("wanted", 12, 3);
       },
       14},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Emitting rig;
    rig.run();
    const auto producer = Rig::text_in(rig.directory(), "select producer_id from _aludel_identity");
    // Two more are emitted, and do not reach the log.
    rig.appender = nullptr;
    rig.log.append("wanted", 2, 2);
    rig.run();
    row.estrange(rig);
    if (row.what == "another log") rig.log.cut(10);
    rig.appender = &rig.emitted;
    CHECK(rig.run().activity == Activity::diverged);
    rig.emitted.logs.clear();
    Rig::command(rig.directory(), {.kind = Command::Kind::reset});
    CHECK(rig.run().activity == Activity::offline);
    CHECK(rig.rows() == upto(row.last));
    CHECK(rig.emitted.keys() == upto(row.last));
    CHECK(rig.emitted.logs.size() == 1);
    CHECK_FALSE(rig.emitted.logs.contains(producer));
    CHECK(rig.waiting() == 0);
    CHECK(rig.relayed() == row.last + 1);
    CHECK(Rig::text_in(rig.directory(), "select message from _aludel_command") ==
          "emitted events that were not relayed and are dropped: 2");
    CHECK(rig.number("select rebuild_below from _aludel_control") == 0);
  }
}

TEST_CASE(
    "a reset on a log that has no such place as where the processor began begins with the first event") {
  Emitting rig;
  rig.options.start_at.kind = StartAt::Kind::tip;
  rig.run();
  rig.log.append("wanted", 2, 2);
  rig.run();
  CHECK(rig.rows() == "10 11");
  rig.log.cut(6);
  CHECK(rig.run().activity == Activity::diverged);
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(5));
}

TEST_CASE("a reset is refused while the log cannot say whether it is the one that the projection is of") {
  Emitting rig;
  rig.run();
  rig.log.fail_at(9);
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.number("select refused from _aludel_command") == 1);
  CHECK(rig.rows() == upto(9));
}

}  // namespace aludel
