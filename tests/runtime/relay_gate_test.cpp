// SPDX-License-Identifier: MIT
// What a processor may bring into the log, whatever its plugin sends.
#include "runtime/relay_gate.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/limits.hpp"
#include "log/segment_log.hpp"
#include "support/owned_event.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

using namespace std::string_literals;

const std::string id = "6f0e3a6c-8a1f-4a51-9f5e-0d2b6c1f7a01";

std::string attributes(const std::string& cause, const std::string& depth) {
  return "aludelcause\0"s + cause + "\0aludeldepth\0"s + depth + '\0';
}

/// A log of three events, and the gate of processor x.
struct GateRig {
  GateRig() {
    OpenOptions options;
    options.dir = dir.path() / "log";
    auto opened = SegmentLog::open(options);
    REQUIRE(opened);
    log = std::move(*opened);
    REQUIRE(append({event_with("a"), event_with("b"), event_with("c")}, {}));
    gate.emplace("x", *log);
  }

  [[nodiscard]] static OwnedEvent emitted(const std::string& key = "k") {
    auto event = event_with("{}");
    event.source = "/processors/x";
    event.key = key;
    event.attributes = attributes("2", "1");
    return event;
  }
  Result<std::uint64_t> send(const std::vector<OwnedEvent>& events, const std::string& producer = id,
                             std::uint64_t sequence = 0) {
    const auto sent = views(events);
    return gate->append({sent, producer, sequence});
  }
  Result<AppendResult> append(const std::vector<OwnedEvent>& events, const std::string& producer) const {
    const auto sent = views(events);
    return log->append({sent, producer, 0});
  }
  [[nodiscard]] std::string last_producer() const {
    auto cursor = log->read_from(log->tip() - 1);
    REQUIRE(cursor);
    const auto block = (*cursor)->next();
    REQUIRE(block);
    return std::string((*block)->producer());
  }

  TempDir dir;
  std::unique_ptr<SegmentLog> log;
  std::optional<RelayGate> gate;
};

}  // namespace

TEST_CASE("what a processor emits is in the log under its own name, once") {
  GateRig rig;
  CHECK(rig.send({GateRig::emitted()}).value() == 1);
  CHECK(rig.send({GateRig::emitted()}).value() == 1);
  CHECK(rig.log->tip() == 4);
  CHECK(rig.last_producer() == "/processors/x/" + id);
}

TEST_CASE("nobody is spoken for by another: neither a producer nor another processor") {
  GateRig rig;
  const auto foreign = [&](const std::string& producer) {
    const auto refused = rig.send({GateRig::emitted()}, producer);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid);
    CHECK(refused.error().message.find("processor \"x\"") != std::string::npos);
  };
  for (const auto* producer : {"import-7", "", "/processors/y/6f0e3a6c-8a1f-4a51-9f5e-0d2b6c1f7a01"})
    foreign(producer);
  CHECK(rig.log->tip() == 3);
  // The id of another's projection is no more than an id.
  RelayGate y("y", *rig.log);
  auto event = GateRig::emitted();
  event.source = "/processors/y";
  const std::vector<OwnedEvent> events{event};
  const auto sent = views(events);
  REQUIRE(y.append({sent, id, 0}));
  CHECK(rig.send({GateRig::emitted("other")}).value() == 1);
  CHECK(y.append({sent, id, 0}).value() == 1);
  CHECK(rig.log->tip() == 5);
}

TEST_CASE("what the relay never sends is refused, and nothing of it is appended") {
  GateRig rig;
  const std::vector<std::function<void(OwnedEvent&)>> forgeries{
      [](auto& event) { event.source = "/processors/y"; },
      [](auto& event) { event.source = ""; },
      [](auto& event) { event.type = ""; },
      [](auto& event) { event.type = "\xff"; },
      [](auto& event) { event.key = "\xff"; },
      [](auto& event) { event.content_type = "\xff"; },
      [](auto& event) { event.attributes = ""; },
      [](auto& event) { event.attributes = attributes("3", "1"); },
      [](auto& event) { event.attributes = attributes("-1", "1"); },
      [](auto& event) { event.attributes = attributes("1x", "1"); },
      [](auto& event) { event.attributes = attributes("2", "0"); },
      [](auto& event) { event.attributes = attributes("2", "33"); },
      [](auto& event) { event.attributes += "id\0001\0"s; },
      [](auto& event) { event.attributes = "Bad Name!\"\n\0001\0"s; },
  };
  for (std::size_t i = 0; i < forgeries.size(); ++i) {
    CAPTURE(i);
    auto forged = GateRig::emitted();
    forgeries[i](forged);
    const auto refused = rig.send({GateRig::emitted(), forged});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid);
    CHECK(refused.error().message.find("event 1 of the batch") != std::string::npos);
  }
  CHECK(rig.log->tip() == 3);
}

TEST_CASE("more than an event may emit, or a request hold, is refused") {
  GateRig rig;
  std::vector<OwnedEvent> events(limits::emit_events_max, GateRig::emitted());
  CHECK(rig.send(events));
  events.push_back(GateRig::emitted());
  CHECK(rig.send(events).error().code == ErrorCode::invalid);
  auto large = GateRig::emitted();
  large.data.assign(limits::relay_size_max, 'x');
  CHECK(rig.send({large, large}, id, limits::emit_events_max).error().code == ErrorCode::invalid);
  CHECK(rig.send({large}, id, limits::emit_events_max));
}

TEST_CASE("one processor takes neither all types of the log nor all of its producers") {
  GateRig rig;
  std::vector<OwnedEvent> events;
  for (std::size_t i = 0; i < limits::relay_types_max - 1; ++i) {
    events.push_back(GateRig::emitted());
    events.back().type = "type-" + std::to_string(i);
    events.back().attributes = attributes(std::to_string(i % 3), "1");
  }
  CHECK(rig.send(events));
  for (std::size_t i = 1; i < limits::relay_producers_max; ++i)
    REQUIRE(rig.send({GateRig::emitted()}, Uuid::random().to_string()));
  CHECK(rig.send({GateRig::emitted()}, Uuid::random().to_string()).error().code == ErrorCode::limit);
  auto another = GateRig::emitted();
  another.type = "one too many";
  CHECK(rig.send({another}, id, events.size()).error().code == ErrorCode::limit);
  CHECK(rig.send({GateRig::emitted()}, id, events.size()));
}

TEST_CASE("what a processor has begun to emit under the id alone, as before, goes on so") {
  GateRig rig;
  REQUIRE(rig.append({GateRig::emitted()}, id));
  CHECK(rig.send({GateRig::emitted()}).value() == 1);
  CHECK(rig.send({GateRig::emitted("next")}, id, 1).value() == 2);
  CHECK(rig.log->tip() == 5);
  CHECK(rig.last_producer() == id);
  // But not if that was another.
  RelayGate y("y", *rig.log);
  auto event = GateRig::emitted();
  event.source = "/processors/y";
  const std::vector<OwnedEvent> events{event};
  const auto sent = views(events);
  CHECK(y.append({sent, id, 0}).value() == 1);
  CHECK(rig.last_producer() == "/processors/y/" + id);
}

}  // namespace aludel
