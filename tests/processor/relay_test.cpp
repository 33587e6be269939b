// SPDX-License-Identifier: MIT
// The way of emitted events from the outbox into the log, when all goes well and when it does not.
#include <algorithm>
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

TEST_CASE("what is emitted is in the log before the next batch begins, numbered from 0") {
  Emitting rig;
  CHECK(rig.run().activity == Activity::offline);
  rig.check_all_relayed();
  REQUIRE(rig.emitted.calls.size() == 3);
  const std::uint64_t sequences[] = {0, 4, 8};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(rig.emitted.calls[i].sequence == sequences[i]);
    CHECK(rig.emitted.calls[i].count == (i == 2 ? 2 : 4));
    CHECK(rig.emitted.calls[i].producer ==
          Rig::text_in(rig.directory(), "select producer_id from _aludel_identity"));
  }
  CHECK(rig.script.life().find("h0 h1 h2 h3 f c r c h4 h5 h6 h7 f c r c h8 h9 f c r c stop") !=
        std::string::npos);
}

TEST_CASE("an emitted event names its processor, its cause and its depth") {
  Emitting rig;
  rig.run();
  const auto one = rig.emitted.all()[7];
  CHECK(one.type == "emitted");
  CHECK(one.source == "/processors/scripted");
  CHECK(one.key == "7");
  CHECK(one.content_type == "text/plain");
  CHECK(one.data == "7");
  CHECK(one.cause == "7");
  CHECK(one.depth == "1");
  CHECK(one.time_ns == 1);
}

TEST_CASE("what flush emits is in the transaction of the batch too, with the cause that it names") {
  Emitting rig;
  rig.script.gathers = true;
  rig.script.flush = {.outcome = Outcome::fail, .times = 1};
  rig.run();
  rig.check_all_relayed();
  for (const auto& one : rig.emitted.all())
    CHECK(one.cause == one.key);
}

TEST_CASE("without a way to the log the outbox waits for the next run, and the numbers go on") {
  Emitting rig;
  rig.appender = nullptr;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.emitted.calls.empty());
  CHECK(rig.durable().emits_pending == 10);
  rig.log.append("wanted", 2, 2);
  rig.appender = &rig.emitted;
  rig.run();
  CHECK(rig.emitted.keys() == upto(11));
  // Before anything is handled.
  CHECK(rig.emitted.calls[0].count == 10);
  CHECK(rig.emitted.calls[1].sequence == 10);
  CHECK(rig.durable().emits_pending == 0);
}

TEST_CASE("the log knows nothing that a loss of power could take back") {
  const WalSyncs syncs;
  Emitting rig;
  std::vector<int> synced;
  rig.script.committed = [&](Database&) { WalSyncs::reset(); };
  rig.emitted.on_append = [&] { synced.push_back(WalSyncs::count()); };
  rig.run();
  CHECK(synced == std::vector<int>{1, 1, 1});
}

TEST_CASE("a projection that cannot be synced stops the processor before anything is relayed") {
  const WalSyncs syncs;
  Emitting rig;
  rig.script.committed = [&](Database&) { WalSyncs::fail(); };
  const auto state = rig.run();
  CHECK(state.activity == Activity::stopped);
  REQUIRE(state.error);
  CHECK(state.error->stage == "relay");
  CHECK(state.error->code == "io");
  CHECK(rig.emitted.calls.empty());
}

TEST_CASE("a log that takes nothing is tried again with growing pauses, and nothing is lost or doubled") {
  Emitting rig;
  rig.emitted.fails_with = {disk_full(), disk_full(), disk_full()};
  const auto begun = rig.clock.now();
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK_FALSE(state.error);
  rig.check_all_relayed();
  CHECK(rig.clock.now() - begun == milliseconds(100 + 200 + 400));
  const auto errors = rig.told_errors();
  REQUIRE(errors.size() == 3);
  for (const auto& error : errors) {
    CHECK_FALSE(error.event_id);
    CHECK(error.outcome == "host");
    CHECK(error.stage == "relay");
    CHECK(error.code == "disk_full");
    CHECK(error.message == "relay emitted event 0: append: no space");
  }
  CHECK(errors[2].attempt == 3);
  CHECK(*errors[2].next_try_ns - errors[2].since_ns == 400'000'000);
  CHECK(rig.logged.front() == "relay emitted event 0: append: no space; tried again in 100ms");
  // Once it is over it is no longer told.
  const auto last = std::find_if(rig.told.rbegin(), rig.told.rend(),
                                 [](const auto& s) { return s.activity == Activity::retrying; });
  REQUIRE(last != rig.told.rbegin());
  CHECK(std::prev(last.base()) + 1 != rig.told.end());
  CHECK((std::prev(last.base()) + 1)->activity == Activity::running);
  CHECK_FALSE((std::prev(last.base()) + 1)->error);
}

TEST_CASE("an answer that is lost, or that tells of a part only, costs a repetition and doubles nothing") {
  for (const std::size_t takes : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
    CAPTURE(takes);
    Emitting rig;
    rig.emitted.takes = takes;
    rig.emitted.loses_answer = true;
    rig.run();
    rig.check_all_relayed();
  }
}

TEST_CASE("a log that takes nothing does not keep a processor from stopping") {
  Emitting rig;
  rig.emitted.fails_with.assign(1'000, disk_full());
  rig.steps = {[](const auto&) {}, [&](const auto&) { rig.stop.raise(); }};
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK_FALSE(state.error);
  CHECK(rig.waiting() == 4);
  CHECK(rig.durable().next == 4);
  rig.emitted.fails_with.clear();
  rig.run();
  rig.check_all_relayed();
}

TEST_CASE("a stop during an append leaves the outbox as it is") {
  Emitting rig;
  rig.emitted.on_append = [&] { rig.stop.raise(); };
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.waiting() == 4);
  rig.emitted.on_append = nullptr;
  rig.run();
  rig.check_all_relayed();
}

TEST_CASE("a processor never tells that it waits while something is in its outbox") {
  Emitting rig;
  rig.emitted.fails_with = {disk_full()};
  std::int64_t waiting = -1;
  rig.log.on_wait = [&, behaves = rig.log.on_wait](const FakeLog::Wait& wait) {
    if (!rig.told.empty() && rig.told.back().activity == Activity::waiting) {
      waiting = std::max(waiting, rig.waiting());
    }
    return behaves(wait);
  };
  rig.run();
  CHECK(waiting == 0);
}

TEST_CASE("a processor that stops at an event relays what its neighbours emitted, failures or not") {
  for (const std::size_t failures : {0U, 2U}) {
    CAPTURE(failures);
    Emitting rig;
    rig.emitted.fails_with.assign(failures, disk_full());
    rig.script.events[6] = {.outcome = Outcome::fail};
    const auto state = rig.run();
    CHECK(state.activity == Activity::stopped);
    REQUIRE(state.error);
    CHECK(state.error->event_id == 6);
    CHECK(rig.emitted.keys() == upto(5));
    CHECK(rig.waiting() == 0);
  }
}

TEST_CASE("what was emitted before a wait for the next attempt is relayed before the wait") {
  Emitting rig;
  rig.options.error_policy.processor.strategy = Strategy::retry;
  rig.script.events[5] = {.outcome = Outcome::retry, .times = 1};
  std::string before;
  rig.steps = {[&](const FakeLog::Wait& wait) {
    before = rig.emitted.keys();
    rig.clock.advance(*wait.timeout);
  }};
  rig.run();
  CHECK(before == upto(4));
  rig.check_all_relayed();
}

TEST_CASE("a handler that cannot be brought up does not keep what it emitted before from the log") {
  Emitting rig;
  rig.appender = nullptr;
  rig.run();
  rig.appender = &rig.emitted;
  rig.script.start = {.outcome = Outcome::fail};
  CHECK(rig.run().activity == Activity::stopped);
  rig.check_all_relayed();
}

TEST_CASE("nothing is relayed into another log") {
  Emitting rig;
  rig.appender = nullptr;
  rig.run();
  rig.appender = &rig.emitted;
  rig.log.set_log_id(Uuid::random());
  CHECK(rig.run().activity == Activity::diverged);
  CHECK(rig.emitted.calls.empty());
}

TEST_CASE("an append takes a bounded number of events") {
  Emitting rig;
  rig.appender = nullptr;
  rig.run();
  const auto many = limits::relay_events_max + 5;
  auto database = Database::open(projection_link(rig.directory()), Database::Mode::read_write);
  REQUIRE(database);
  REQUIRE((*database)->execute(("with n (i) as (select 10 union all select i + 1 from n where i + 1 < " +
                                std::to_string(many) +
                                ") insert into _aludel_outbox select i, 1, 't', i, 'c', 0, 1, x'64' from n")
                                   .c_str()));
  database->reset();
  rig.appender = &rig.emitted;
  rig.run();
  REQUIRE(rig.emitted.calls.size() == 2);
  CHECK(rig.emitted.calls[0].count == limits::relay_events_max);
  CHECK(rig.emitted.calls[1].count == 5);
  CHECK(rig.emitted.keys() == upto(static_cast<std::int64_t>(many) - 1));
}

TEST_CASE("an append takes a bounded number of bytes, but one event in any case") {
  Emitting rig;
  rig.appender = nullptr;
  rig.run();
  auto database = Database::open(projection_link(rig.directory()), Database::Mode::read_write);
  REQUIRE(database);
  // 4 MiB, then four times 1.5 MiB.
  REQUIRE(
      (*database)->execute("delete from _aludel_outbox; insert into _aludel_outbox values "
                           "(0, 1, 't', '0', 'c', 0, 1, zeroblob(4194304)),"
                           "(1, 1, 't', '1', 'c', 0, 1, zeroblob(1572864)),"
                           "(2, 1, 't', '2', 'c', 0, 1, zeroblob(1572864)),"
                           "(3, 1, 't', '3', 'c', 0, 1, zeroblob(1572864)),"
                           "(4, 1, 't', '4', 'c', 0, 1, zeroblob(1572864))"));
  database->reset();
  rig.appender = &rig.emitted;
  rig.run();
  std::vector<std::size_t> counts;
  for (const auto& call : rig.emitted.calls)
    counts.push_back(call.count);
  CHECK(counts == std::vector<std::size_t>{1, 2, 2});
  CHECK(rig.emitted.keys() == upto(4));
}

TEST_CASE("a repetition has the bytes of the first time, whatever the processor is called by then") {
  Emitting rig;
  rig.emitted.loses_answer = true;
  rig.steps = {[&](const auto&) { rig.stop.raise(); }};  // instead of the next try
  rig.run();
  CHECK(rig.emitted.keys() == upto(3));
  CHECK(rig.waiting() == 4);
  rig.options.name = "renamed";
  rig.run();
  rig.check_all_relayed();
}

}  // namespace aludel
