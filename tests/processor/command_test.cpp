// SPDX-License-Identifier: MIT
// What an operator's command leaves, whatever comes right behind it.
#include "processor/command.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "base/os/lock.hpp"
#include "processor/projection.hpp"
#include "rig.hpp"
#include "support/wal_syncs.hpp"

namespace aludel {

TEST_CASE("what a command does and that it was applied are one transaction") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  rig.script.events[5] = {.outcome = Outcome::fail};
  CHECK(rig.run().activity == Activity::stopped);
  Rig::command(rig.directory(), {.kind = Command::Kind::skip});
  int commits = 0;
  rig.script.committed = [&](Database&) {
    ++commits;
    CHECK(Rig::number_in(rig.directory(),
                         "select (next > 5) = (select count(*) from _aludel_command) from _aludel_cursor") ==
          1);
  };
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == Rig::all_but(9, {5}));
  CHECK(commits == 2);
}

TEST_CASE("while a reset sets the cursor back, nobody drops events as it was past them") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  CHECK(rig.run().next == 10);
  const auto held = [&] { return os::FileLock::held(reset_lock(rig.directory())).value(); };
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  std::vector<bool> while_committing;
  rig.script.at_commit = [&](Database&) { while_committing.push_back(held()); };
  CHECK(rig.run().next == 10);
  REQUIRE(while_committing.size() > 1);
  CHECK(while_committing.front());
  CHECK_FALSE(while_committing.back());
  CHECK_FALSE(held());
}

TEST_CASE("commands are not written to where a link leads that a plugin may have put in their place") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  CHECK(rig.run().next == 10);
  const auto file = rig.directory() / "control.db";
  std::filesystem::remove(file);
  std::filesystem::create_symlink("other.db", file);
  const auto queue = CommandQueue::open(rig.directory());
  REQUIRE_FALSE(queue.has_value());
  CHECK(queue.error().code == ErrorCode::refused);
  CHECK_FALSE(std::filesystem::exists(rig.directory() / "other.db"));
}

TEST_CASE("what an operator is answered survives a loss of power, and batches cost no more for it") {
  const WalSyncs syncs;
  Rig rig;
  rig.log.append("wanted", 10, 5);
  rig.options.batch_size = 5;
  std::vector<bool> synced;  // each commit
  rig.script.at_commit = [](Database&) { WalSyncs::reset(); };
  rig.script.committed = [&](Database&) { synced.push_back(WalSyncs::count() > 0); };
  rig.steps = {[&](const FakeLog::Wait&) {
                 Rig::command(rig.directory(), {.kind = Command::Kind::resume});
                 rig.stop.nudge();
               },
               [&](const FakeLog::Wait&) { rig.log.append("wanted", 5, 5); }};
  CHECK(rig.run().next == 15);
  // A batch, which the log could bring forward again, the command, and another batch.
  REQUIRE(synced.size() > 3);
  CHECK(std::vector(synced.end() - 3, synced.end()) == std::vector<bool>{false, true, false});
}

}  // namespace aludel
