// SPDX-License-Identifier: MIT
/// Events, configs and the log through the wrapper.
#include <aludel/plugin.hpp>
#include <functional>
#include <thread>

#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

constexpr const char* order = R"({"id": 12, "price": 2.5, "paid": true, "name": "caf\u00e9", "note": null,
    "lines": [{"sku": "a"}, {"sku": "b"}], "large": 18446744073709551615, "negative": -1})";

/// An event with this data, as a handler is given it.
struct Given {
  explicit Given(std::string data)
      : test{.type = "order", .data = std::move(data), .id = 41, .time_ns = 99, .key = "k"} {
    test.attributes = {{"id", "ext-7"}, {"traceparent", "00-ab"}};
    host.enter(ALUDEL_STAGE_HANDLE, &test);
  }

  template <typename F>
  std::string code_of(F&& code) {
    try {
      code(event);
    } catch (const aludel::fail& error) {
      return error.code() + ": " + error.message();
    }
    return "none";
  }

  FakeHost host;
  TestEvent test;
  aludel_event abi{sizeof(aludel_event),
                   0,
                   test.id,
                   test.time_ns,
                   ALUDEL_STR("order"),
                   ALUDEL_STR("/shop"),
                   ALUDEL_STR("k"),
                   ALUDEL_STR("application/json"),
                   test.data.data(),
                   test.data.size()};
  aludel::Event event{host.call(), &abi};
};

std::string config_error(const char* json, const std::function<void(const aludel::Config&)>& use) {
  FakeHost host;
  host.enter(ALUDEL_STAGE_CREATE);
  const aludel::Config config(host.call(), json);
  try {
    use(config);
  } catch (const aludel::fail& error) {
    return error.code() + ": " + error.message();
  }
  return "none";
}

}  // namespace

TEST_CASE("an event shows its members and attributes") {
  const Given given("{}");
  const aludel::Event& event = given.event;
  CHECK(event.id() == 41);
  CHECK(event.time_ns() == 99);
  CHECK(event.type() == "order");
  CHECK(event.source() == "/shop");
  CHECK(event.key() == "k");
  CHECK(event.content_type() == "application/json");
  CHECK(event.data() == "{}");
  CHECK(event.attribute("traceparent") == "00-ab");
  CHECK_FALSE(event.attribute("none"));
}

TEST_CASE("json reads every type by pointer") {
  const Given given(order);
  const aludel::Event& event = given.event;
  CHECK(event.json<std::int64_t>("/id") == 12);
  CHECK(event.json<std::uint8_t>("/id") == 12);
  CHECK(event.json<std::uint64_t>("/large") == UINT64_MAX);
  CHECK(event.json<double>("/price") == 2.5);
  CHECK(event.json<double>("/id") == 12.0);
  CHECK(event.json<double>("/large") == 18446744073709551616.0);
  CHECK(event.json<bool>("/paid"));
  CHECK(event.json<std::string>("/name") == "caf\u00e9");
  CHECK(event.json<std::string>("/lines/1/sku") == "b");
  CHECK(event.json<std::optional<std::string>>("/note") == std::nullopt);
}

TEST_CASE("json reads a value of whatever type it is") {
  const Given given(order);
  const auto seen = [&](const char* pointer) {
    const auto value = given.event.json<aludel::Value>(pointer);
    const aludel_value abi = value.abi();
    const std::string type = std::to_string(abi.type) + " ";
    if (abi.type == ALUDEL_REAL) return type + std::to_string(abi.as.real);
    if (abi.type == ALUDEL_INTEGER || abi.type == ALUDEL_BOOLEAN)
      return type + std::to_string(abi.as.integer);
    return abi.type == ALUDEL_NULL ? type : type + std::string(abi.as.bytes.data, abi.as.bytes.size);
  };
  CHECK(seen("/note") == "0 ");
  CHECK(seen("/id") == "1 12");
  CHECK(seen("/price") == "2 2.500000");
  CHECK(seen("/name") == "3 caf\u00e9");
  CHECK(seen("/paid") == "5 1");
  CHECK(seen("/large") == "6 18446744073709551615");
  CHECK(seen("/lines/0") == R"(6 {"sku":"a"})");
  CHECK_FALSE(given.event.find<aludel::Value>("/missing"));
  CHECK_FALSE(given.event.find<aludel::Value>("/note"));
}

TEST_CASE("find gives nothing for what is absent or null, and fails on another type") {
  Given given(order);
  CHECK(given.event.find<int>("/id") == 12);
  CHECK_FALSE(given.event.find<int>("/missing"));
  CHECK_FALSE(given.event.find<int>("/note"));
  CHECK_FALSE(given.event.find<std::string>("/lines/2/sku"));
  CHECK(given.code_of([](auto& e) { (void)e.template find<int>("/name"); }) ==
        R"(not_an_integer: "/name" is text, not an integer)");
}

TEST_CASE("json says what is wrong with a value") {
  Given given(order);
  CHECK(given.code_of([](auto& e) { (void)e.template json<int>("/x"); }) ==
        R"(missing_field: "/x" is missing)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<int>("/note"); }) ==
        R"(not_an_integer: "/note" is null, not an integer)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<int>("/paid"); }) ==
        R"(not_an_integer: "/paid" is a boolean, not an integer)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<bool>("/id"); }) ==
        R"(not_a_boolean: "/id" is an integer, not a boolean)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<double>("/name"); }) ==
        R"(not_a_number: "/name" is text, not a number)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<std::string>("/id"); }) ==
        R"(not_a_text: "/id" is an integer, not text)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<std::int64_t>("/lines"); }) ==
        R"(not_an_integer: "/lines" is an object, an array or a number over 64 bits, not an integer)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<std::int64_t>("/large"); }) ==
        R"(overflow: "/large" is out of range, allowed is -9223372036854775808 to 9223372036854775807)");
  CHECK(given.code_of([](auto& e) { (void)e.template json<std::uint32_t>("/negative"); }) ==
        R"(overflow: "/negative" is out of range, allowed is 0 to 4294967295)");
}

TEST_CASE("data that is not JSON fails with invalid_json") {
  Given given("{\"id\": ");
  CHECK(given.code_of([](auto& e) { (void)e.template json<int>("/id"); }).substr(0, 26) ==
        R"(invalid_json: read "/id": )");
  CHECK(given.code_of([](auto& e) { (void)e.template find<int>("/id"); }).substr(0, 12) == "invalid_json");
}

TEST_CASE("a config refuses keys that are not allowed, at its own level only") {
  const auto only_a_and_b = [](const aludel::Config& config) { config.allow_only({"a", "b"}); };
  CHECK(config_error("{}", only_a_and_b) == "none");
  CHECK(config_error(R"({"a": {"x": [{"y": 1}], "z": ":,"}, "b" : "c\":"})", only_a_and_b) == "none");
  CHECK(config_error(R"({"a": 1, "c": 2})", only_a_and_b) ==
        R"(bad_config: config "c" is unknown, allowed: a, b)");
  CHECK(config_error(R"({"a": [1, "b"], "a\"": 2})", only_a_and_b) ==
        R"(bad_config: config "a\"" is unknown, allowed: a, b)");
}

TEST_CASE("a config lists the keys of an object") {
  FakeHost host;
  host.enter(ALUDEL_STAGE_CREATE);
  const aludel::Config config(host.call(),
                              R"({"a": {"x": {"z": 1}, "y": ["w"]}, "b": null, "c": [1], "d": {}})");
  CHECK(config.keys("") == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(config.keys("/a") == std::vector<std::string>{"x", "y"});
  CHECK(config.keys("/b").empty());
  CHECK(config.keys("/d").empty());
  CHECK(config.keys("/missing").empty());
  CHECK(config_error(R"({"c": [1]})", [](const aludel::Config& c) { (void)c.keys("/c"); }) ==
        R"(bad_config: config "/c" is no object)");
}

TEST_CASE("a config lists the elements of an array, each a config by itself") {
  FakeHost host;
  host.enter(ALUDEL_STAGE_CREATE);
  const aludel::Config config(
      host.call(),
      R"({"a": [ {"x": ["]", 1]} , "b,\"]" ,[[2], 3],4, null], "n": null, "o": {"x": 1}, "e": []})");
  const auto elements = config.elements("/a");
  REQUIRE(elements.size() == 5);
  CHECK(config.within(elements[0]).json<std::string>("/x/0") == "]");
  CHECK(config.within(elements[1]).json<std::string>("") == "b,\"]");
  CHECK(config.within(elements[2]).json<int>("/0/0") == 2);
  CHECK(config.within(elements[3]).json<int>("") == 4);
  CHECK(config.within(elements[0]).elements("/x").size() == 2);
  CHECK(config.elements("/n").empty());
  CHECK(config.elements("/e").empty());
  CHECK(config.elements("/missing").empty());
  CHECK(config_error(R"({"o": {"x": 1}})", [](const aludel::Config& c) { (void)c.elements("/o"); }) ==
        R"(bad_config: config "/o" is no array)");
}

TEST_CASE("a subscription is written as operators write it") {
  struct Case {
    const char* text;
    std::uint32_t kind;
    const char* matches;
    const char* passes;
  };
  const Case cases[] = {
      {"a.b", ALUDEL_EXACT, "a.b", "a.bc"}, {"a.*", ALUDEL_PREFIX, "a.b", "a"},
      {"*", ALUDEL_ALL, "a", nullptr},      {"a*b", ALUDEL_EXACT, "a*b", "ab"},
      {"", ALUDEL_EXACT, "", "a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const aludel::Subscription wanted(c.text);
    CHECK(wanted.kind() == c.kind);
    CHECK(wanted.matches(c.matches));
    for (const Case& other : cases)
      CHECK((wanted == aludel::Subscription(other.text)) == (&other == &c));
    if (c.passes != nullptr) CHECK_FALSE(wanted.matches(c.passes));
  }
}

TEST_CASE("what is wrong with a config's value is a bad_config") {
  CHECK(config_error(R"({"n": "x"})", [](const aludel::Config& config) { (void)config.json<int>("/n"); }) ==
        R"(bad_config: config "/n" is text, not an integer)");
  CHECK(config_error("{}", [](const aludel::Config& config) { (void)config.json<int>("/n"); }) ==
        R"(bad_config: config "/n" is missing)");
}

TEST_CASE("emit passes the event on, and a host that does not emit is reported") {
  Given given("{}");
  aludel::Call call(given.host.call());
  call.emit({.type = "paid", .data = R"({"id": 1})", .key = "7"});
  CHECK(given.host.emitted() == std::vector<std::string>{R"(paid 7 {"id": 1})"});
  given.host.fail_next(ALUDEL_DENIED, "this host does not emit");
  CHECK(given.code_of([&](auto&) { call.emit({.type = "paid", .data = "{}"}); }) ==
        "denied: emit an event: this host does not emit");
}

TEST_CASE("a call shows what is known of it, and its log may be kept") {
  FakeHost host;
  const TestEvent event{.type = "a"};
  host.enter(ALUDEL_STAGE_HANDLE, &event, ALUDEL_CALL_REBUILD | ALUDEL_CALL_REDELIVERY);
  const aludel::Call call(host.call());
  CHECK(call.processor() == "test");
  CHECK(call.log_id() == "0190b6e0-0000-7000-8000-000000000000");
  CHECK(call.attempt() == 1);
  CHECK(call.is_rebuild());
  CHECK(call.is_redelivery());
  CHECK_FALSE(call.is_dry_run());
  CHECK_FALSE(call.is_replay());
  const aludel::Log log = call.logger();
  host.leave();
  std::thread([log] { log.info("from a thread"); }).join();
  CHECK(host.log_lines() == std::vector<std::string>{"2 from a thread"});
  CHECK(log.enabled(aludel::Level::info));
  CHECK_FALSE(log.enabled(aludel::Level::trace));
}

}  // namespace abi_test
