// SPDX-License-Identifier: MIT
#include <cstring>

#include <doctest/doctest.h>

#include "bridge.hpp"

namespace aludel {
namespace {

std::string shown(std::int32_t result, const aludel_value& value) {
  switch (result) {
    case ALUDEL_OK: break;
    case ALUDEL_NOT_FOUND: return "not found";
    case ALUDEL_INVALID: return "invalid";
    default: return "result " + std::to_string(result);
  }
  switch (value.type) {
    case ALUDEL_NULL: return "null";
    case ALUDEL_INTEGER: return "integer " + std::to_string(value.as.integer);
    case ALUDEL_REAL: return "real " + std::to_string(value.as.real);
    case ALUDEL_BOOLEAN: return value.as.integer == 1 ? "true" : "false";
    default: break;
  }
  CHECK(std::strlen(value.as.bytes.data) == value.as.bytes.size);
  return (value.type == ALUDEL_TEXT ? "text " : "json ") +
         std::string(value.as.bytes.data, value.as.bytes.size);
}

std::string read(aludel_call* call, std::string_view json, std::string_view pointer) {
  aludel_value value{};
  const auto result =
      call->host->json(call, json.data(), json.size(), pointer.data(), pointer.size(), &value);
  return shown(result, value);
}

std::string_view data_of(const aludel_event* event) {
  return {static_cast<const char*>(event->data), event->data_size};
}

}  // namespace

TEST_CASE("JSON values of each type cross the ABI, from the event and from any text") {
  const std::string json = R"({"n":null,"i":-5,"r":1.5,"t":true,"f":false,"s":"x\ny","o":{"a":[1, 2]},)"
                           R"("big":9223372036854775808,"e":""})";
  struct Row {
    std::string_view pointer;
    std::string_view expected;
  };
  const Row rows[] = {
      {"/n", "null"},
      {"/i", "integer -5"},
      {"/r", "real 1.500000"},
      {"/t", "true"},
      {"/f", "false"},
      {"/s", "text x\ny"},
      {"/o", R"(json {"a":[1, 2]})"},
      {"/o/a/1", "integer 2"},
      {"/big", "json 9223372036854775808"},
      {"/e", "text "},
      {"/none", "not found"},
      {"/o/a/2", "not found"},
      {"none", "invalid"},
      {"/o/~", "invalid"},
  };
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event(json);
  for (const auto& row : rows) {
    CAPTURE(row.pointer);
    bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event* event) {
      CHECK(read(call, data_of(event), row.pointer) == row.expected);
      CHECK(read(call, json, row.pointer) == row.expected);
      return ALUDEL_HANDLED;
    });
  }
}

TEST_CASE("an event's data that is not JSON is invalid each time it is asked, and an error says so") {
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event("{\"a\":1");
  CHECK(bridge.in(Stage::handle, [](aludel_call* call, const aludel_host*, const aludel_event* event) {
    CHECK(read(call, data_of(event), "/a") == "invalid");
    CHECK(read(call, data_of(event), "/a") == "invalid");
    return ALUDEL_FAIL;
  }) == Outcome::fail);
  CHECK(bridge.instance().error().code == "invalid");
  CHECK(bridge.instance().error().message.starts_with("parse JSON: "));
}

TEST_CASE("each event's data is its own, though it lies where the last one's did") {
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event(R"({"a":1})");
  const auto place = const_cast<char*>(bridge.event.data.data());
  for (const char digit : {'2', '3'}) {
    place[5] = digit;
    bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event* event) {
      CHECK(read(call, data_of(event), "/a") == std::string("integer ") + digit);
      return ALUDEL_HANDLED;
    });
  }
}

TEST_CASE("the event's data is parsed once, also when other text is read in between") {
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event(R"({"a":1,"b":"x","c":3})");
  const auto place = const_cast<char*>(bridge.event.data.data());
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event* event) {
    CHECK(read(call, data_of(event), "/a") == "integer 1");
    CHECK(read(call, "[5]", "/0") == "integer 5");
    place[19] = '?';  // a second parse would fail
    CHECK(read(call, data_of(event), "/b") == "text x");
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("a part of the event's data, and data of no event, are read as any text") {
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event(R"([1] )");
  const auto data = bridge.event.data;
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
    CHECK(read(call, data.substr(0, 3), "/0") == "integer 1");
    CHECK(read(call, data.substr(1, 1), "") == "integer 1");
    CHECK(read(call, "", "") == "invalid");
    return ALUDEL_HANDLED;
  });
  bridge.in(Stage::flush, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
    CHECK(read(call, data, "/0") == "integer 1");
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("too large a text is over a limit") {
  Bridge bridge;
  bridge.bring_up();
  const std::string text(64 * 1024 * 1024 + 1, ' ');
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
    CHECK(read(call, text, "") == "result -10");
    return ALUDEL_HANDLED;
  });
}

}  // namespace aludel
