// SPDX-License-Identifier: MIT
// Dead letters that are handed to the handler again, by an operator's order.
#include <csignal>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

/// Ten events; those that fail become letters.
class LetterRig : public Rig {
 public:
  LetterRig() {
    log.append("wanted", 10, 3);
    options.error_policy.processor.strategy = Strategy::dead_letter;
  }

  /// Gives a command, about all open letters; the next run applies it.
  void order(Command::Kind kind) {
    Command command;
    command.kind = kind;
    Rig::command(directory(), command);
  }
  /// "event state code attempts" of each letter.
  [[nodiscard]] std::string letters() const {
    return text_in(directory(),
                   "select group_concat(event_id || ' ' || state || ' ' || code || ' ' || attempts, ', ') "
                   "from (select * from _aludel_letter order by id)");
  }
};

}  // namespace

TEST_CASE("a replay that a deferred constraint refuses has failed, and the processor goes on") {
  LetterRig rig;
  rig.script.schema += "; create table links (id integer references rows (id) deferrable initially deferred)";
  rig.script.events[5] = {.writes = false, .sql = "insert into links values (77)"};
  rig.script.events[6] = {.outcome = Outcome::fail, .until = 1};
  rig.run();
  CHECK(rig.letters() == "5 dead constraint 1, 6 dead boom 1");
  rig.order(Command::Kind::replay);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.letters() == "5 dead constraint 2, 6 replayed boom 1");
  CHECK(rig.rows() == Rig::all_but(9, {5}));
  CHECK(Rig::text_in(rig.directory(), "select succeeded || ' ' || failed from _aludel_command") == "1 1");
  CHECK(rig.script.work().find("u5") != std::string::npos);
}

TEST_CASE(
    "a replay that its process died in goes on behind the letter that is at fault, and at one that is not") {
  for (const int signal : {SIGSEGV, SIGKILL}) {
    CAPTURE(signal);
    LetterRig rig;
    rig.script.events[5] = {.outcome = Outcome::fail, .until = 1};
    rig.script.events[6] = {.outcome = Outcome::fail, .until = 1};
    rig.run();
    rig.order(Command::Kind::replay);
    rig.died_in(5, 2, {ProcessEnd::Kind::signalled, static_cast<std::uint32_t>(signal)});
    rig.run();
    CHECK(rig.letters() == (signal == SIGKILL ? "5 replayed boom 1, 6 replayed boom 1"
                                              : "5 dead crashed 2, 6 replayed boom 1"));
  }
}

TEST_CASE("a dry run that its process died in ends at the letter that is at fault, wherever that stands") {
  LetterRig rig;
  rig.script.events[5] = {.outcome = Outcome::fail, .until = 1};
  rig.script.events[6] = {.outcome = Outcome::fail, .until = 1};
  rig.run();
  Rig::command(rig.directory(), {0, Command::Kind::replay, {}, true});
  rig.died_in(6, 2, {ProcessEnd::Kind::timed_out, 500});
  rig.run();
  CHECK(rig.letters() == "5 dead boom 1, 6 dead boom 1");
  CHECK(Rig::text_in(rig.directory(),
                     "select finished || ' ' || succeeded || ' ' || failed || ' ' || message from "
                     "_aludel_command") ==
        "1 1 1 stopped at letter 2: event 6: timed_out: a call took over 500ms and was killed in handle");
  // Nothing of that counts for what follows.
  rig.order(Command::Kind::replay);
  rig.run();
  CHECK(rig.letters() == "5 replayed boom 1, 6 replayed boom 1");
}

TEST_CASE("commands that were given behind a replay are applied after it, without another nudge") {
  LetterRig rig;
  rig.script.events[5] = {.outcome = Outcome::fail, .until = 2};
  rig.run();
  rig.order(Command::Kind::replay);
  rig.order(Command::Kind::replay);
  rig.order(Command::Kind::pause);
  CHECK(rig.run().activity == Activity::paused);
  CHECK(rig.letters() == "5 replayed boom 2");
  CHECK(Rig::number_in(rig.directory(), "select count(*) from _aludel_command where finished") == 3);
}

TEST_CASE("what became of a command is logged") {
  LetterRig rig;
  rig.run();
  for (const auto kind : {Command::Kind::skip, Command::Kind::pause, Command::Kind::pause})
    rig.order(kind);
  rig.run();
  const auto& logged = rig.logged;
  REQUIRE(logged.size() >= 3);
  const std::vector last(logged.end() - 3, logged.end());
  CHECK(last[0] ==
        "refused the operator's command 1: skip: it stands at no event: only one that has failed can be "
        "skipped");
  CHECK(last[1] == "applied the operator's command 2: pause");
  CHECK(last[2] == "applied the operator's command 3: pause: it was paused already");
}

// Two letters; a replay is stopped behind the first.
void stop_within_a_replay(LetterRig& rig) {
  rig.script.events[5] = {.outcome = Outcome::fail, .until = 1};
  rig.script.events[6] = {.outcome = Outcome::fail, .until = 1};
  rig.run();
  rig.order(Command::Kind::replay);
  rig.script.committed = [&](Database&) {
    if (rig.text_in(rig.directory(), "select group_concat(state) from _aludel_letter") ==
        "replayed,replaying")
      rig.stop.raise();
  };
  rig.run();
  rig.script.committed = nullptr;
  CHECK(rig.letters() == "5 replayed boom 1, 6 replaying boom 1");
}

TEST_CASE("a replay whose command was lost is ended, its letters stay open, and what came since is applied") {
  for (const bool more : {false, true}) {
    CAPTURE(more);
    LetterRig rig;
    stop_within_a_replay(rig);
    std::filesystem::remove(rig.directory() / "control.db");
    if (more) {
      Command pause;
      pause.kind = Command::Kind::pause;
      REQUIRE(CommandQueue::open(rig.directory()).value()->post(pause, 1));
    }
    CHECK(rig.run().activity == (more ? Activity::paused : Activity::offline));
    CHECK(rig.letters() == "5 replayed boom 1, 6 dead boom 1");
    CHECK(Rig::text_in(rig.directory(),
                       "select finished || ' ' || succeeded || ' ' || message from "
                       "_aludel_command where id = 1") ==
          "1 1 what it asked for was lost: give the command again");
  }
}

TEST_CASE("a replay of one that stands still at no event does not make it go on, a resume and a start do") {
  LetterRig rig;
  rig.script.events[5] = {.outcome = Outcome::fail, .until = 1};
  rig.run();
  rig.log.append("wanted", 2, 2);
  rig.script.start = {.outcome = Outcome::fatal, .times = 1};
  CHECK(rig.run().activity == Activity::stopped);
  rig.order(Command::Kind::replay);
  for (const auto start : {Processor::Start::commands_only, Processor::Start::as_it_was}) {
    rig.options.start = start;
    CHECK(rig.run().activity == Activity::stopped);
    CHECK(rig.letters() == "5 replayed boom 1");
    CHECK(rig.rows() == upto(9));
    REQUIRE(rig.durable().error);
    CHECK(rig.durable().error->stage == "start");
  }
  SUBCASE("resume") {
    rig.order(Command::Kind::resume);
  }
  SUBCASE("start") {
    rig.options.start = Processor::Start::again;
  }
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(11));
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE("a reset ends a replay that cannot go on") {
  LetterRig rig;
  stop_within_a_replay(rig);
  rig.log.cut(4);
  rig.log.append("wanted", 2, 2);
  CHECK(rig.run().activity == Activity::diverged);
  rig.order(Command::Kind::pause);
  rig.order(Command::Kind::reset);
  rig.order(Command::Kind::resume);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.letters() == "5 replayed boom 1, 6 discarded boom 1");
  CHECK(Rig::text_in(rig.directory(), "select group_concat(finished || refused) from _aludel_command") ==
        "10,10,10,10");
}

TEST_CASE("an event is not skipped in a log of another history") {
  LetterRig rig;
  rig.options.error_policy.processor.strategy = Strategy::fail_fast;
  rig.script.events[5] = {.outcome = Outcome::fail};
  CHECK(rig.run().activity == Activity::stopped);
  rig.log.cut(4);
  rig.log.append("wanted", 7, 3);
  rig.order(Command::Kind::skip);
  CHECK(rig.run().activity == Activity::diverged);
  CHECK(rig.durable().next == 5);
  CHECK(Rig::number_in(rig.directory(), "select refused from _aludel_command") == 1);
}

}  // namespace aludel
