// SPDX-License-Identifier: MIT
// A plugin that emits, over a log of segments on disk: what becomes of its events when it fails, is reset or
// is given a dead letter again.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "emit_rig.hpp"

namespace aludel {

TEST_CASE("a plugin's events are in the log, each once, each with its cause") {
  EmitRig rig;
  rig.append(6);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.emitted() == "0>6 1>7 2>8 3>9 4>10 5>11");
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.relayed() == 6);
}

TEST_CASE("a plugin that fails after it only emitted leaves nothing of that event, and its neighbours stay") {
  EmitRig rig;
  rig.append(10);
  const auto behaves = rig.handle;
  rig.handle = [&](aludel_call* call, const aludel_event* event) {
    const auto outcome = behaves(call, event);
    return event->id == 6 ? ALUDEL_FAIL : outcome;
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rolled_back == std::vector<std::uint64_t>{4});
  CHECK(rig.emitted() == "0>10 1>11 2>12 3>13 4>14 5>15");
  rig.handle = behaves;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.emitted() == "0>10 1>11 2>12 3>13 4>14 5>15 6>16 7>17 8>18 9>19");
}

TEST_CASE("a plugin's flush emits with the cause that it names") {
  EmitRig rig;
  rig.append(6);
  std::vector<std::uint64_t> gathered;
  rig.handle = [&](aludel_call*, const aludel_event* event) {
    gathered.push_back(event->id);
    return ALUDEL_HANDLED;
  };
  rig.flush = [&](aludel_call* call) {
    for (const auto id : std::exchange(gathered, {}))
      CHECK(emit(call, "echo", id) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  };
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.emitted() == "0>6 1>7 2>8 3>9 4>10 5>11");
}

TEST_CASE("handlers that emit in a circle end at depth 32") {
  EmitRig rig;
  rig.append(1);
  rig.handle = [](aludel_call* call, const aludel_event*) {
    return emit(call, "deposit") == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
  };
  const auto state = rig.run();
  CHECK(state.activity == Activity::stopped);
  REQUIRE(state.error);
  CHECK(state.error->event_id == 32);
  CHECK(state.error->code == "limit");
  CHECK(rig.log->tip() == 33);
}

TEST_CASE("a reset emits nothing again, keeps the producer, and its sequence goes on behind") {
  EmitRig rig;
  rig.append(3);
  rig.run();
  const auto producer = rig.producer();
  CHECK(rig.emitted() == "0>3 1>4 2>5");
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  rig.append(2);
  CHECK(rig.run().handled == 5);
  CHECK(rig.emitted() == "0>3 1>4 2>5 6>8 7>9");
  CHECK(rig.producer() == producer);
  CHECK(rig.relayed() == 5);
}

TEST_CASE("a reset on a new log emits all that is handled there, and a second one nothing again") {
  EmitRig rig;
  rig.append(3);
  rig.run();
  const auto producer = rig.producer();
  auto other = SegmentLog::open({.dir = rig.temp.path() / "other", .allocate_ahead = false});
  REQUIRE(other);
  rig.log = std::move(*other);
  rig.append(2);
  CHECK(rig.run().activity == Activity::diverged);
  for (int i = 0; i < 2; ++i) {
    Rig::command(rig.directory(), {.kind = Command::Kind::reset});
    CHECK(rig.run().handled == 2);
    CHECK(rig.emitted() == "0>2 1>3");
  }
  rig.append(1);
  rig.run();
  CHECK(rig.emitted() == "0>2 1>3 4>5");
  CHECK(rig.producer() != producer);
  CHECK(rig.relayed() == 3);
}

TEST_CASE("a reset keeps what is still in the outbox") {
  EmitRig rig;
  rig.append(2);
  rig.relays = false;
  rig.run();
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  rig.run();
  CHECK(rig.emitted().empty());
  rig.relays = true;
  rig.append(1);
  rig.run();
  CHECK(rig.emitted() == "0>3 1>4 2>5");
}

TEST_CASE("a replayed dead letter emits with its transaction, and a dry run of it emits nothing") {
  EmitRig rig;
  rig.append(3);
  rig.policy.processor.strategy = Strategy::dead_letter;
  const auto behaves = rig.handle;
  rig.handle = [&](aludel_call* call, const aludel_event* event) {
    const auto outcome = behaves(call, event);
    return event->id == 1 ? ALUDEL_FAIL : outcome;
  };
  rig.run();
  CHECK(rig.emitted() == "0>3 2>4");
  // It fails again, after it emitted.
  Rig::command(rig.directory(), {.kind = Command::Kind::replay});
  rig.run();
  CHECK(rig.emitted() == "0>3 2>4");
  rig.handle = behaves;
  Rig::command(rig.directory(), {.kind = Command::Kind::replay, .dry_run = true});
  rig.run();
  CHECK(rig.emitted() == "0>3 2>4");
  Rig::command(rig.directory(), {.kind = Command::Kind::replay});
  CHECK(rig.run().dead_letters == 0);
  CHECK(rig.emitted() == "0>3 2>4 1>5");
}

TEST_CASE("a dead letter of an event that came before a reset emits nothing when it is replayed") {
  EmitRig rig;
  rig.append(2);
  rig.run();
  CHECK(rig.emitted() == "0>2 1>3");
  rig.policy.processor.strategy = Strategy::dead_letter;
  const auto behaves = rig.handle;
  rig.handle = [&](aludel_call* call, const aludel_event* event) {
    return event->id == 1 ? ALUDEL_FAIL : behaves(call, event);
  };
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  CHECK(rig.run().dead_letters == 1);
  rig.handle = behaves;
  Rig::command(rig.directory(), {.kind = Command::Kind::replay});
  CHECK(rig.run().dead_letters == 0);
  CHECK(rig.emitted() == "0>2 1>3");
}

}  // namespace aludel
