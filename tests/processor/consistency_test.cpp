// SPDX-License-Identifier: MIT
#include "processor/consistency.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "processor/projection.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

using Faults = std::vector<std::string>;

void change(const std::filesystem::path& file, const std::string& sql) {
  const auto database = Database::open(file, Database::Mode::read_write);
  REQUIRE(database);
  REQUIRE((*database)->execute(sql.c_str()));
}

Faults faults_in(const std::filesystem::path& file) {
  const auto database = Database::open(file, Database::Mode::read_only);
  REQUIRE(database);
  const auto faults = host_table_faults(**database);
  return faults ? *faults : Faults{faults.error().message};
}

/// Three events done, and letters of the last two: one open, one closed.
struct LetterRig : Rig {
  LetterRig() {
    log.append("wanted", 3, 3);
    run();
    const std::string letter =
        "insert into _aludel_letter (event_id, time_ns, type, source, key, content_type, handler_version, "
        "outcome, "
        "stage, code, message, folded, attempts, first_failed_ns, last_failed_ns, state, detail, attributes, "
        "data) "
        "values ";
    const auto row = [](int event_id, const std::string& state) {
      return "(" + std::to_string(event_id) +
             ", 0, 't', '/', '', '', '1', 'fail', 'handle', 'c', 'm', 'm', 1, 0, "
             "0, '" +
             state + "', '', x'', x'')";
    };
    alter(letter + row(1, "dead") + ", " + row(2, "replayed"));
    alter("update _aludel_cursor set dead_letters = 1");
  }
  void alter(const std::string& sql) const { change(projection_link(directory()), sql); }
  [[nodiscard]] Faults faults() const { return faults_in(projection_link(directory())); }
};

}  // namespace

TEST_CASE("the host's tables of a projection are held against each other") {
  const std::string outbox = "insert into _aludel_outbox values ";
  const std::vector<std::pair<std::string, std::string>> contradictions{
      {"update _aludel_cursor set dead_letters = 3", "its cursor counts 3 open dead letters, there are 1"},
      {"update _aludel_cursor set start_next = 4", "its cursor lies before event 4, where it began"},
      {"update _aludel_letter set state = 'lost' where id = 2",
       "dead letter 2 is in the state 'lost', which there is not"},
      {"update _aludel_letter set next_replay_ns = 5 where id = 2",
       "dead letter 2 is replayed, but due for a replay"},
      {"update _aludel_letter set event_id = 3 where id = 1",
       "dead letter 1 is open, but of event 3, to which it has not come"},
      {"update _aludel_letter set state = 'replaying' where id = 1",
       "dead letter 1 is chosen for a replay, but none is under way"},
      {"insert into _aludel_command values (1, 0, 0, 0, 0, ''), (2, 0, 0, 0, 0, '')",
       "2 replays are under way at once"},
      {outbox + "(0, 0, 't', '', '', 0, 1, x''), (2, 0, 't', '', '', 0, 1, x'')",
       "emitted events are missing: there are 2, from 0 to 2, of which the log has those below 0"},
      {outbox + "(7, 0, 't', '', '', 0, 1, x'')",
       "emitted events are missing: there are 1, from 7 to 7, of which the log has those below 0"},
      {outbox + "(0, 0, 't', '', '', 0, 33, x'')", "emitted event 0 has depth 33"},
  };
  for (const auto& [sql, fault] : contradictions) {
    const std::string shown = sql;
    CAPTURE(shown);
    const LetterRig rig;
    CHECK(rig.faults() == Faults());
    rig.alter(sql);
    CHECK(rig.faults() == Faults{fault});
  }
}

TEST_CASE("rows that must be there, and words that must be known, are missed") {
  for (const auto& [sql, part] :
       {std::pair{"delete from _aludel_control", "its control row is missing"},
        {"delete from _aludel_identity", "its identity is missing"},
        {"insert into _aludel_standstill values (1, 'bored', null, 0, 0, '', '', '', '', "
         "'', 0, null)",
         "\"bored\" is no way to stand still"}}) {
    const std::string shown = sql;
    CAPTURE(shown);
    const LetterRig rig;
    rig.alter(sql);
    REQUIRE(rig.faults().size() == 1);
    CHECK(rig.faults()[0].find(part) != std::string::npos);
  }
}

TEST_CASE("commands that this program does not know are told by their number") {
  const LetterRig rig;
  CHECK(CommandQueue::faults(rig.directory()).value() == Faults());
  LetterRig::command(rig.directory(), {.kind = Command::Kind::pause});
  CHECK(CommandQueue::faults(rig.directory()).value() == Faults());
  change(rig.directory() / "control.db", "update command set kind = 'dance'");
  CHECK(CommandQueue::faults(rig.directory()).value() ==
        Faults{"command 1 is to \"dance\", which this program does not know"});
}

TEST_CASE("commands in a newer format are refused by all, with what to do, and stay as they are") {
  LetterRig rig;
  LetterRig::command(rig.directory(), {.kind = Command::Kind::pause});
  change(rig.directory() / "control.db", "pragma user_version = 1; alter table command add column why text");
  for (const auto& error :
       {CommandQueue::open(rig.directory()).error(), CommandQueue::waiting(rig.directory(), 0).error(),
        CommandQueue::faults(rig.directory()).error()}) {
    CHECK(error.code == ErrorCode::unsupported);
    CHECK(error.message.find("their format is 1, this program knows 0: use the newer Aludel") !=
          std::string::npos);
  }
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().reason == "newer_format");
}

}  // namespace aludel
