// SPDX-License-Identifier: MIT
#include <cstring>
#include <thread>

#include <doctest/doctest.h>

#include "bridge.hpp"

using namespace std::string_view_literals;

namespace aludel {
namespace {

using Calls = std::vector<std::uint32_t>;

std::string text_of(const aludel_str& text) {
  return {text.data, text.size};
}

}  // namespace

TEST_CASE("a handler sees the event as it is, with NULs and 64 bytes behind") {
  Bridge bridge;
  bridge.bring_up();
  bridge.flags = ALUDEL_CALL_REDELIVERY;
  bridge.attempt = 3;
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event* event) {
    CHECK(event->struct_size == sizeof *event);
    CHECK(event->id == 7);
    CHECK(event->time_ns == 1'709'208'000'000'000'000);
    CHECK(text_of(event->type) == "deposit");
    CHECK(text_of(event->source) == "/bank");
    CHECK(std::strlen(event->key.data) == event->key.size);
    CHECK(text_of(event->content_type) == "application/json");
    CHECK(event->data == bridge.event.data.data());
    CHECK(event->data_size == bridge.event.data.size());
    CHECK(call->struct_size == sizeof *call);
    CHECK(call->flags == ALUDEL_CALL_REDELIVERY);
    CHECK(call->stage == ALUDEL_STAGE_HANDLE);
    CHECK(call->attempt == 3);
    CHECK(host->struct_size == sizeof *host);
    CHECK(host->abi_minor == ALUDEL_ABI_MINOR);
    CHECK(text_of(host->processor) == "p1");
    CHECK(text_of(host->log_id) == "00000000-0000-0000-0000-000000000000");
    CHECK(host->get_extension(host, ALUDEL_LIT("aludel.metrics/1")) == nullptr);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("an event with nothing in it has no null pointer") {
  Bridge bridge;
  bridge.bring_up();
  bridge.set_event("");
  bridge.event.key = bridge.event.source = bridge.event.content_type = {};
  bridge.in(Stage::handle, [&](aludel_call*, const aludel_host*, const aludel_event* event) {
    CHECK(event->key.data != nullptr);
    CHECK(event->key.size == 0);
    CHECK(event->source.data != nullptr);
    CHECK(event->data != nullptr);
    CHECK(event->data_size == 0);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("the call is one object, fresh in each function whatever the plugin wrote into it") {
  Bridge bridge;
  bridge.bring_up();
  const aludel_call* first = nullptr;
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
    first = call;
    *call = {};
    return ALUDEL_HANDLED;
  });
  bridge.in(Stage::flush, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(call == first);
    CHECK(call->stage == ALUDEL_STAGE_FLUSH);
    CHECK(call->attempt == 0);
    CHECK(host != nullptr);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("each function gets its arguments") {
  Bridge bridge;
  bridge.bring_up();
  CHECK(bridge.instance().migrate(2, 3) == Outcome::handled);
  CHECK(bridge.first_argument == 2);
  CHECK(bridge.second_argument == 3);
  bridge.instance().rolled_back(99);
  CHECK(bridge.first_argument == 99);
}

TEST_CASE("create is followed by one destroy, start by one stop") {
  {
    Bridge bridge;
    bridge.bring_up();
    bridge.instance().stop();
    bridge.instance().stop();
    bridge.destroy_instance();
    CHECK(bridge.calls() == Calls{ALUDEL_STAGE_CREATE, ALUDEL_STAGE_MIGRATE, ALUDEL_STAGE_START,
                                  ALUDEL_STAGE_STOP, SCRIPT_DESTROY});
  }
  {
    Bridge bridge;
    bridge.bring_up();
    bridge.destroy_instance();
    CHECK(bridge.calls() == Calls{ALUDEL_STAGE_CREATE, ALUDEL_STAGE_MIGRATE, ALUDEL_STAGE_START,
                                  ALUDEL_STAGE_STOP, SCRIPT_DESTROY});
  }
}

TEST_CASE("a create that failed is not destroyed, a start that failed is not stopped") {
  const auto failing = [](aludel_call*, const aludel_host*, const aludel_event*) { return ALUDEL_FAIL; };
  Bridge failed;
  CHECK(failed.in(Stage::create, failing) == Outcome::fail);
  failed.destroy_instance();
  CHECK(failed.calls() == Calls{ALUDEL_STAGE_CREATE});

  Bridge not_started;
  REQUIRE(not_started.in(Stage::create, Bridge::nothing) == Outcome::handled);
  CHECK(not_started.in(Stage::start, failing) == Outcome::fail);
  not_started.instance().stop();
  not_started.destroy_instance();
  CHECK(not_started.calls() == Calls{ALUDEL_STAGE_CREATE, ALUDEL_STAGE_START, SCRIPT_DESTROY});
}

TEST_CASE("a create that asked for another try is tried again from the beginning") {
  Bridge bridge("org.example.dynamic");
  int tries = 0;
  const auto trying = [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("a")) == ALUDEL_OK);
    return ++tries == 1 ? ALUDEL_RETRY : ALUDEL_HANDLED;
  };
  CHECK(bridge.in(Stage::create, trying) == Outcome::retry);
  CHECK(bridge.in(Stage::create, trying) == Outcome::handled);
  CHECK(bridge.instance().description().subscriptions.size() == 1);
}

TEST_CASE("a handler with the required functions only is served") {
  Bridge bridge("org.example.minimal");
  REQUIRE(bridge.in(Stage::create, Bridge::nothing) == Outcome::handled);
  CHECK(bridge.instance().migrate(0, 0) == Outcome::handled);
  CHECK(bridge.instance().start() == Outcome::handled);
  CHECK(bridge.in(Stage::handle, Bridge::nothing) == Outcome::handled);
  CHECK(bridge.instance().flush() == Outcome::handled);
  bridge.instance().rolled_back(7);
  bridge.instance().stop();
  CHECK(bridge.calls() == Calls{ALUDEL_STAGE_CREATE, ALUDEL_STAGE_HANDLE});
}

TEST_CASE("the first subscription in create replaces those that were declared") {
  Bridge silent("org.example.replacing");
  REQUIRE(silent.in(Stage::create, Bridge::nothing) == Outcome::handled);
  CHECK(silent.instance().description().subscriptions ==
        std::vector<Subscription>{{Subscription::Kind::exact, "deposit"}});
  Bridge replacing("org.example.replacing");
  REQUIRE(replacing.in(Stage::create, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->subscribe(call, 9, "", 0) == ALUDEL_INVALID);
    CHECK(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("a")) == ALUDEL_OK);
    return host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("b"));
  }) == Outcome::handled);
  CHECK(replacing.instance().description().subscriptions ==
        std::vector<Subscription>{{Subscription::Kind::exact, "a"}, {Subscription::Kind::exact, "b"}});
}

TEST_CASE("create adds subscriptions and sets the version, within the rules") {
  Bridge bridge("org.example.dynamic");
  REQUIRE(bridge.in(Stage::create, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("a")) == ALUDEL_OK);
    CHECK(host->subscribe(call, ALUDEL_PREFIX, ALUDEL_LIT("b.")) == ALUDEL_OK);
    CHECK(host->subscribe(call, 9, ALUDEL_LIT("a")) == ALUDEL_INVALID);
    CHECK(host->subscribe(call, ALUDEL_EXACT, "", 0) == ALUDEL_INVALID);
    CHECK(host->subscribe(call, ALUDEL_ALL, ALUDEL_LIT("a")) == ALUDEL_INVALID);
    CHECK(host->subscribe(call, ALUDEL_EXACT, nullptr, 3) == ALUDEL_MISUSE);
    for (int i = 2; i < 1'024; ++i)
      REQUIRE(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("c")) == ALUDEL_OK);
    CHECK(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("c")) == ALUDEL_LIMIT);
    CHECK(host->set_projection_version(call, 5) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
  const auto& description = bridge.instance().description();
  CHECK(description.subscriptions.size() == 1'024);
  CHECK(description.subscriptions[1] == Subscription{Subscription::Kind::prefix, "b."});
  CHECK(description.projection_version == 5);
}

TEST_CASE("a handler may subscribe only if it said so, and must not end without a subscription") {
  Bridge fixed;
  fixed.in(Stage::create, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->subscribe(call, ALUDEL_EXACT, ALUDEL_LIT("a")) == ALUDEL_MISUSE);
    return ALUDEL_HANDLED;
  });
  Bridge empty("org.example.dynamic");
  CHECK(empty.in(Stage::create, Bridge::nothing) == Outcome::fail);
  CHECK(empty.instance().error().code == "bad_subscription");
  empty.destroy_instance();
  CHECK(empty.calls() == Calls{ALUDEL_STAGE_CREATE, SCRIPT_DESTROY});
}

TEST_CASE("a version of the projection needs a migrate") {
  Bridge bridge("org.example.minimal");
  bridge.in(Stage::create, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->set_projection_version(call, 1) == ALUDEL_MISUSE);
    CHECK(host->set_projection_version(call, 0) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("attributes are found by name and by index") {
  Bridge bridge;
  bridge.bring_up();
  bridge.event.attributes = AttributeList("id\000A-1\0traceparent\00000-ab\0"sv);
  const auto found = [](aludel_call* call, const aludel_host* host, std::string_view name) -> std::string {
    aludel_str value;
    const auto result = host->attribute(call, name.data(), name.size(), &value);
    if (result != ALUDEL_OK) return std::to_string(result);
    CHECK(std::strlen(value.data) == value.size);
    return text_of(value);
  };
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(found(call, host, "type") == "deposit");
    CHECK(found(call, host, "source") == "/bank");
    CHECK(found(call, host, "subject") == "account-1");
    CHECK(found(call, host, "datacontenttype") == "application/json");
    CHECK(found(call, host, "time") == "2024-02-29T12:00:00Z");
    CHECK(found(call, host, "id") == "A-1");
    CHECK(found(call, host, "traceparent") == "00-ab");
    CHECK(found(call, host, "TraceParent") == "-6");
    CHECK(found(call, host, "") == "-6");
    aludel_str name;
    aludel_str value;
    CHECK(host->attribute_at(call, 1, &name, &value) == ALUDEL_OK);
    CHECK(text_of(name) == "traceparent");
    CHECK(text_of(value) == "00-ab");
    CHECK(host->attribute_at(call, 2, &name, &value) == ALUDEL_DONE);
    return ALUDEL_HANDLED;
  });
  bridge.event.attributes = {};
  bridge.event.key = {};
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(found(call, host, "id") == "7");
    CHECK(found(call, host, "subject") == "-6");
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("any thread may log, from create until stop returns") {
  Bridge bridge;
  const aludel_host* host = nullptr;
  std::thread logger;
  REQUIRE(bridge.in(Stage::create, [&](aludel_call*, const aludel_host* given, const aludel_event*) {
    host = given;
    host->log(host, ALUDEL_LOG_INFO, ALUDEL_LIT("created"));
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
  REQUIRE(bridge.in(Stage::start, [&](aludel_call*, const aludel_host*, const aludel_event*) {
    logger = std::thread([host] {
      for (int i = 0; i < 100; ++i)
        host->log(host, ALUDEL_LOG_INFO, ALUDEL_LIT("from a thread"));
    });
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
  for (int i = 0; i < 100; ++i)
    bridge.in(Stage::handle, Bridge::nothing);
  bridge.in(Stage::stop, [&](aludel_call*, const aludel_host*, const aludel_event*) {
    logger.join();
    host->log(host, ALUDEL_LOG_WARNING, ALUDEL_LIT("stopping"));
    return ALUDEL_HANDLED;
  });
  host->log(host, ALUDEL_LOG_ERROR, ALUDEL_LIT("too late"));
  CHECK(host->log_enabled(host, ALUDEL_LOG_ERROR) == 0);
  const auto lines = bridge.log.lines();
  REQUIRE(lines.size() == 102);
  CHECK(lines.front().second == "created");
  CHECK(lines.back().second == "stopping");
  CHECK(lines.back().first == LogLevel::warning);
  for (const auto origin : bridge.log.origins())
    CHECK(origin == LogOrigin::plugin);
}

TEST_CASE("lines are logged by level, cut and mended") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call*, const aludel_host* host, const aludel_event*) {
    CHECK(host->log_enabled(host, ALUDEL_LOG_DEBUG) == 0);
    CHECK(host->log_enabled(host, ALUDEL_LOG_INFO) == 1);
    CHECK(host->log_enabled(host, 77) == 1);
    host->log(host, ALUDEL_LOG_DEBUG, ALUDEL_LIT("not enabled"));
    host->log(host, 77, ALUDEL_LIT("a\xff"));
    const std::string line(20'000, 'x');
    host->log(host, ALUDEL_LOG_INFO, line.data(), line.size());
    return ALUDEL_HANDLED;
  });
  const auto lines = bridge.log.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].first == LogLevel::error);
  CHECK(lines[0].second == "a\ufffd");
  CHECK(lines[1].second == std::string(8'192, 'x'));
}

}  // namespace aludel
