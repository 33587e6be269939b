// SPDX-License-Identifier: MIT
// A plugin that emits, over a log of segments on disk: what becomes of its events when it fails, is reset or
// is given a dead letter again.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "plugin_rig.hpp"

namespace aludel {

namespace {

std::int32_t emit(aludel_call* call, std::string_view type, std::uint64_t cause = 0) {
  aludel_new_event event{};
  event.struct_size = sizeof event;
  event.type = {type.data(), type.size()};
  event.data = "{}";
  event.data_size = 2;
  event.cause = cause;
  return call->host->emit(call, &event);
}

/// Emits an event of type "echo" for each deposit, and writes nothing.
class EmitRig : public PluginRig {
 public:
  EmitRig() {
    handle = [](aludel_call* call, const aludel_event*) {
      return emit(call, "echo") == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
    };
  }

  /// "cause>id" of each event of this type in the log.
  [[nodiscard]] std::string emitted(std::string_view type = "echo") {
    std::string line;
    auto cursor = log->read_from(0);
    REQUIRE(cursor);
    for (;;) {
      const auto block = (*cursor)->next();
      REQUIRE(block);
      if (*block == nullptr) return line;
      Event event;
      for (auto events = (*block)->events(0); events.next(event);) {
        if (event.type != type) continue;
        line += (line.empty() ? "" : " ") + std::string(event.attributes.find("aludelcause").value_or("?")) +
                ">" + std::to_string(event.id);
      }
    }
  }
  [[nodiscard]] std::int64_t relayed() const {
    return Rig::number_in(directory(), "select relayed from _aludel_identity");
  }
  [[nodiscard]] std::string producer() const {
    return Rig::text_in(directory(), "select producer_id from _aludel_identity");
  }
};

}  // namespace

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
