// SPDX-License-Identifier: MIT
// What the host function emit takes and refuses.
#include <string>

#include <doctest/doctest.h>

#include "bridge.hpp"

namespace aludel {

namespace {

aludel_str str(std::string_view text) {
  return {text.data(), text.size()};
}

aludel_new_event event_of(std::string_view type, std::string_view data = "{}") {
  aludel_new_event event{};
  event.struct_size = sizeof event;
  event.type = str(type);
  event.data = data.data();
  event.data_size = data.size();
  return event;
}

/// Emits one event in handle. @return what emit answered
std::int32_t emit_in_handle(Bridge& bridge, const aludel_new_event& event) {
  std::int32_t result = 1;
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    result = host->emit(call, &event);
    return ALUDEL_HANDLED;
  });
  return result;
}

std::int32_t emit_in_flush(Bridge& bridge, std::uint64_t cause) {
  std::int32_t result = 1;
  bridge.in(Stage::flush, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    auto event = event_of("paid");
    event.cause = cause;
    result = host->emit(call, &event);
    return ALUDEL_HANDLED;
  });
  return result;
}

void deliver(Bridge& bridge, std::uint64_t id) {
  bridge.set_event("{}", id);
  bridge.in(Stage::handle, Bridge::nothing);
}

}  // namespace

TEST_CASE("an emitted event has what it was given, its cause, the cause's time and a depth") {
  Bridge bridge;
  bridge.bring_up();
  auto event = event_of("paid", R"({"id":1})");
  event.key = ALUDEL_STR("account-2");
  event.content_type = ALUDEL_STR("text/plain");
  event.cause = 99;  // ignored in handle
  CHECK(emit_in_handle(bridge, event) == ALUDEL_OK);
  CHECK(emit_in_handle(bridge, event_of("other")) == ALUDEL_OK);
  REQUIRE(bridge.emits.all.size() == 2);
  const auto& first = bridge.emits.all[0];
  CHECK(first.type == "paid");
  CHECK(first.key == "account-2");
  CHECK(first.content_type == "text/plain");
  CHECK(first.data == R"({"id":1})");
  CHECK(first.cause == 7);
  CHECK(first.time_ns == bridge.event.time_ns);
  CHECK(first.depth == 1);
  CHECK(bridge.emits.all[1].content_type == "application/json");
}

TEST_CASE("an event that emitted has written, whatever else it did, and one that was refused has not") {
  Bridge bridge;
  bridge.bring_up();
  CHECK(emit_in_handle(bridge, event_of("paid")) == ALUDEL_OK);
  CHECK(bridge.instance().wrote());
  bridge.in(Stage::handle, Bridge::nothing);
  CHECK_FALSE(bridge.instance().wrote());
  CHECK(emit_in_handle(bridge, event_of("")) == ALUDEL_INVALID);
  CHECK_FALSE(bridge.instance().wrote());
}

TEST_CASE("what is emitted depends on the depth of its cause, up to the last that is allowed") {
  struct Row {
    std::string attribute;
    std::int32_t result;
    std::uint32_t depth;
  };
  const Row rows[] = {{"0", ALUDEL_OK, 1},
                      {"1", ALUDEL_OK, 2},
                      {"31", ALUDEL_OK, 32},
                      {"32", ALUDEL_LIMIT, 0},
                      {"4000000000", ALUDEL_LIMIT, 0},
                      {"-1", ALUDEL_OK, 1},
                      {"1x", ALUDEL_OK, 1},
                      {"", ALUDEL_OK, 1}};
  for (const auto& row : rows) {
    CAPTURE(row.attribute);
    Bridge bridge;
    bridge.bring_up();
    const auto packed = std::string("aludeldepth") + '\0' + row.attribute + '\0';
    bridge.event.attributes = AttributeList(packed);
    CHECK(emit_in_handle(bridge, event_of("paid")) == row.result);
    CHECK(emit_in_flush(bridge, 7) == row.result);
    CHECK(bridge.emits.all.size() == (row.result == ALUDEL_OK ? 2 : 0));
    for (const auto& one : bridge.emits.all)
      CHECK(one.depth == row.depth);
  }
}

TEST_CASE("emit refuses what the log would not take") {
  Bridge bridge;
  bridge.bring_up();
  const std::string kilobyte(1'024, 'x');
  const std::string too_long(1'025, 'x');
  const std::string largest(4 * 1'024 * 1'024, 'x');
  const auto with = [](std::string_view type, std::string_view key, std::string_view content_type) {
    auto event = event_of(type);
    event.key = str(key);
    event.content_type = str(content_type);
    return event;
  };
  CHECK(emit_in_handle(bridge, event_of("")) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, event_of("\xff")) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, event_of(std::string_view("a\0b", 3))) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, with("t", std::string_view("\0", 1), {})) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, with("t", "\xc3", {})) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, with("t", {}, "\xc3")) == ALUDEL_INVALID);
  CHECK(emit_in_handle(bridge, with(too_long, {}, {})) == ALUDEL_TOO_LARGE);
  CHECK(emit_in_handle(bridge, with("t", too_long, {})) == ALUDEL_TOO_LARGE);
  CHECK(emit_in_handle(bridge, with("t", {}, too_long)) == ALUDEL_TOO_LARGE);
  CHECK(emit_in_handle(bridge, event_of("t", largest + "x")) == ALUDEL_TOO_LARGE);
  CHECK(bridge.emits.all.empty());
  CHECK(emit_in_handle(bridge, with(kilobyte, kilobyte, kilobyte)) == ALUDEL_OK);
  CHECK(emit_in_handle(bridge, event_of("t", largest)) == ALUDEL_OK);
  CHECK(emit_in_handle(bridge, event_of("t", {})) == ALUDEL_OK);
  CHECK(bridge.emits.all.size() == 3);
}

TEST_CASE("emit calls what breaks the ABI misuse") {
  Bridge bridge;
  bridge.bring_up();
  auto short_event = event_of("paid");
  short_event.struct_size = 72;
  auto no_type = event_of("paid");
  no_type.type = {nullptr, 3};
  auto no_data = event_of("paid");
  no_data.data = nullptr;
  for (const auto& event : {short_event, no_type, no_data})
    CHECK(emit_in_handle(bridge, event) == ALUDEL_MISUSE);
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->emit(call, nullptr) == ALUDEL_MISUSE);
    return ALUDEL_HANDLED;
  });
  CHECK(bridge.emits.all.empty());
}

TEST_CASE(
    "an event handled may emit a thousand events, in handle and flush together, and its neighbour too") {
  Bridge bridge;
  bridge.bring_up();
  deliver(bridge, 7);
  bridge.set_event("{}", 8);
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    const auto event = event_of("paid");
    for (int i = 0; i < 999; ++i)
      REQUIRE(host->emit(call, &event) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  });
  bridge.in(Stage::flush, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    auto event = event_of("paid");
    event.cause = 8;
    CHECK(host->emit(call, &event) == ALUDEL_OK);
    CHECK(host->emit(call, &event) == ALUDEL_LIMIT);
    event.cause = 7;
    CHECK(host->emit(call, &event) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  });
  CHECK(bridge.emits.all.size() == 1'001);
}

TEST_CASE("an event handled may emit as many events as the operator allows") {
  Bridge bridge("org.example.scripted", true, nullptr, {.emitted_events = 2});
  bridge.bring_up();
  const auto outcome =
      bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
        const auto event = event_of("paid");
        CHECK(host->emit(call, &event) == ALUDEL_OK);
        CHECK(host->emit(call, &event) == ALUDEL_OK);
        CHECK(host->emit(call, &event) == ALUDEL_LIMIT);
        return ALUDEL_FAIL;
      });
  CHECK(outcome == Outcome::fail);
  CHECK(bridge.instance().error().code == "limit");
  CHECK(bridge.instance().error().message ==
        "emit(): event 7 has emitted 2 events, more are not allowed (emitted_events of its limits)");
}

TEST_CASE("an event handled may emit 16 MiB") {
  Bridge bridge;
  bridge.bring_up();
  const std::string data(4 * 1'024 * 1'024 - 1, 'x');
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    const auto event = event_of("t", data);
    const auto small = event_of("t", {});
    for (int i = 0; i < 4; ++i)
      CHECK(host->emit(call, &event) == ALUDEL_OK);
    CHECK(host->emit(call, &small) == ALUDEL_LIMIT);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("in flush the cause is one of the events since the last commit") {
  Bridge bridge;
  bridge.bring_up();
  deliver(bridge, 3);
  CHECK(bridge.in(Stage::flush, Bridge::nothing) == Outcome::handled);
  for (const std::uint64_t id : {5U, 7U, 9U})
    deliver(bridge, id);
  bridge.instance().rolled_back(9);
  for (const std::uint64_t id : {3U, 4U, 6U, 9U, 10U}) {
    CAPTURE(id);
    CHECK(emit_in_flush(bridge, id) == ALUDEL_INVALID);
    deliver(bridge, 11);  // that flush has succeeded: another batch
    bridge.instance().rolled_back(11);
    deliver(bridge, 5);
    deliver(bridge, 7);
  }
  CHECK(emit_in_flush(bridge, 7) == ALUDEL_OK);
  REQUIRE(bridge.emits.all.size() == 1);
  CHECK(bridge.emits.all[0].cause == 7);
}

TEST_CASE("in a rebuild and a dry run emit looks at its arguments and does nothing, in flush too") {
  for (const std::uint32_t flags : {ALUDEL_CALL_REBUILD, ALUDEL_CALL_DRY_RUN | ALUDEL_CALL_REPLAY}) {
    CAPTURE(flags);
    Bridge bridge;
    bridge.bring_up();
    bridge.flags = flags;
    CHECK(emit_in_handle(bridge, event_of("paid")) == ALUDEL_OK);
    CHECK_FALSE(bridge.instance().wrote());
    CHECK(emit_in_handle(bridge, event_of("")) == ALUDEL_INVALID);
    bridge.flags = 0;
    deliver(bridge, 8);
    bridge.in(Stage::flush, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
      auto event = event_of("paid");
      event.cause = 7;
      CHECK(host->emit(call, &event) == ALUDEL_OK);
      event.cause = 8;
      CHECK(host->emit(call, &event) == ALUDEL_OK);
      return ALUDEL_HANDLED;
    });
    REQUIRE(bridge.emits.all.size() == 1);
    CHECK(bridge.emits.all[0].cause == 8);
  }
}

TEST_CASE("an instance without a projection cannot emit") {
  Bridge bridge("org.example.scripted", false);
  REQUIRE(bridge.in(Stage::create, Bridge::nothing) == Outcome::handled);
  CHECK(emit_in_handle(bridge, event_of("paid")) == ALUDEL_DENIED);
}

TEST_CASE("an outbox that cannot take an event is an outage: fatal, whatever the handler says") {
  Bridge bridge;
  bridge.bring_up();
  bridge.emits.fails_with = Error(ErrorCode::disk_full, "write the outbox: no space");
  const auto event = event_of("paid");
  CHECK(bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->emit(call, &event) == ALUDEL_IO_ERROR);
    return ALUDEL_HANDLED;
  }) == Outcome::fatal);
  CHECK(bridge.instance().error().code == "disk_full");
  CHECK(bridge.instance().wrote());
}

TEST_CASE("nothing is emitted once the handler's SQL has ended the transaction") {
  Bridge bridge;
  bridge.bring_up("create table t (a unique); insert into t values (1)");
  CHECK(bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    aludel_statement* insert = nullptr;
    REQUIRE(host->prepare(call, ALUDEL_LIT("insert or rollback into t values (1)"), &insert) == ALUDEL_OK);
    CHECK(host->run(call, insert, nullptr, 0, nullptr) == ALUDEL_CONSTRAINT);
    const auto event = event_of("paid");
    CHECK(host->emit(call, &event) == ALUDEL_DENIED);
    return ALUDEL_HANDLED;
  }) == Outcome::fail);
  CHECK(bridge.instance().error().code == "transaction_lost");
  CHECK(bridge.emits.all.empty());
}

TEST_CASE(
    "the outbox may use the host's tables while the handler may not, and its rowids stay the handler's") {
  Bridge bridge;
  bridge.bring_up("create table t (a)");
  bridge.execute("create table _aludel_outbox (a)");
  bridge.execute("insert into _aludel_outbox values (1), (2), (3)");
  bridge.emits.on_add = [&] { bridge.execute("insert into _aludel_outbox values (4)"); };
  CHECK(bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    aludel_statement* insert = nullptr;
    REQUIRE(host->prepare(call, ALUDEL_LIT("insert into t values (last_insert_rowid())"), &insert) ==
            ALUDEL_OK);
    REQUIRE(host->run(call, insert, nullptr, 0, nullptr) == ALUDEL_OK);
    const auto event = event_of("paid");
    CHECK(host->emit(call, &event) == ALUDEL_OK);
    std::int64_t id = 0;
    CHECK(host->last_insert_id(call, &id) == ALUDEL_OK);
    CHECK(id == 1);
    REQUIRE(host->run(call, insert, nullptr, 0, nullptr) == ALUDEL_OK);
    aludel_statement* denied = nullptr;
    CHECK(host->prepare(call, ALUDEL_LIT("delete from _aludel_outbox"), &denied) == ALUDEL_DENIED);
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
  CHECK(bridge.value("select count(*) from _aludel_outbox") == "4");
  CHECK(bridge.value("select max(a) from t") == "1");
}

}  // namespace aludel
