// SPDX-License-Identifier: MIT
// Dead letters that are handed to the handler again, by an operator's order.
#include <string>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

/// Ten events; those that fail become letters.
class Letters : public Rig {
 public:
  Letters() {
    log.append("wanted", 10, 3);
    options.error_policy.processor.strategy = Strategy::dead_letter;
  }

  /// Gives the command that all open letters be replayed; the next run applies it.
  void order_replay() {
    Command command;
    command.kind = Command::Kind::replay;
    auto queue = CommandQueue::open(directory());
    REQUIRE(queue);
    REQUIRE((*queue)->post(command, 0));
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
  Letters rig;
  rig.script.schema += "; create table links (id integer references rows (id) deferrable initially deferred)";
  rig.script.events[5] = {.writes = false, .sql = "insert into links values (77)"};
  rig.script.events[6] = {.outcome = Outcome::fail, .until = 1};
  rig.run();
  CHECK(rig.letters() == "5 dead constraint 1, 6 dead boom 1");
  rig.order_replay();
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.letters() == "5 dead constraint 2, 6 replayed boom 1");
  CHECK(rig.rows() == Rig::all_but(9, {5}));
  CHECK(Rig::text_in(rig.directory(), "select succeeded || ' ' || failed from _aludel_command") == "1 1");
  CHECK(rig.script.work().find("u5") != std::string::npos);
}

}  // namespace aludel
