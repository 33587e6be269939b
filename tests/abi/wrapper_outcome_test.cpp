// SPDX-License-Identifier: MIT
/// What a handler's members become in the ABI, and what becomes of what they throw.
#include <aludel/plugin.hpp>
#include <stdexcept>

#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

/// Does in handle() what its event's type names.
struct Thrower {
  aludel::Outcome handle(aludel::Call&, const aludel::Event& event) {
    const std::string type(event.type());
    if (type == "skip") throw aludel::skip();
    if (type == "retry") throw aludel::retry("rate_limited", "wait", std::chrono::milliseconds(250));
    if (type == "fail") throw aludel::fail("no_stock", "none left", R"({"sku": 7})");
    if (type == "fatal") throw aludel::fatal("no_key", "the key file is gone");
    if (type == "exception") throw std::runtime_error("something broke");
    if (type == "int") throw 7;
    if (type == "bad_alloc") throw std::bad_alloc();
    if (type == "return") return aludel::Outcome::retry;
    return aludel::Outcome::handled;
  }
};

/// All that is optional, and a diary of it.
struct Everything {
  static constexpr const char* migrations[] = {
      "create table a (x)", "create table b (x); insert into b values (2)", "create table c (x)"};
  explicit Everything(const aludel::Config& config) : text(config.text()) {}
  void start(aludel::Call& call) { call.info("start"); }
  void validate(aludel::Call&, const aludel::Event& event) {
    if (event.type() == "invalid") throw aludel::fail("invalid", "not valid");
  }
  void handle(aludel::Call& call, const aludel::Event&) { call.warn("handle"); }
  void flush(aludel::Call&) { throw aludel::fail("culprit", "event 9 is at fault").blaming(9); }
  void rolled_back(aludel::Call& call, std::uint64_t id) {
    call.error("rolled back " + std::to_string(id));
    if (id == 13) throw std::runtime_error("unlucky");
  }
  aludel::Decision on_error(aludel::Call&, const aludel::Event& event, const aludel::Failure& failure) {
    if (event.type() == "confusing") throw std::runtime_error("cannot decide");
    if (failure.outcome == aludel::Outcome::fail) return {aludel::Decision::Action::dead_letter};
    return {aludel::Decision::Action::retry, std::chrono::seconds(failure.attempt)};
  }
  void stop(aludel::Call& call) {
    call.info("stop");
    throw std::runtime_error("late");
  }
  std::string text;
};

/// Migrates by hand.
struct ByHand {
  static constexpr std::uint32_t projection_version = 7;
  void migrate(aludel::Call& call, std::uint32_t from, std::uint32_t to) {
    call.exec("create table t as select " + std::to_string(from) + " as a, " + std::to_string(to) + " as b");
  }
  void handle(aludel::Call&, const aludel::Event&) {}
};

/// Wants what its config names, and has as many tables.
struct Configured {
  explicit Configured(const aludel::Config& config) {
    for (const std::string& name : config.keys("/tables")) {
      subscriptions.emplace_back(config.json<std::string>("/tables/" + name));
      migrations.push_back("create table " + name + " (type text)");
    }
  }
  void handle(aludel::Call&, const aludel::Event&) {}

  std::vector<aludel::Subscription> subscriptions;
  std::vector<std::string> migrations;
};

struct Fussy {
  explicit Fussy(const aludel::Config&) { throw aludel::fail("bad_config", "not like this"); }
  void handle(aludel::Call&, const aludel::Event&) {}
};

constexpr auto specs = aludel::handlers(aludel::handler<Thrower>("test.thrower", "1.0.0").on_all(),
                                        aludel::handler<Everything>("test.everything", "2.1.0")
                                            .on("a")
                                            .on_prefix("b.")
                                            .named("Every thing")
                                            .by("the tests")
                                            .describe("has it all")
                                            .takes("{}")
                                            .flagged(ALUDEL_HANDLER_EXTERNAL),
                                        aludel::handler<ByHand>("test.by-hand", "1").on_all(),
                                        aludel::handler<Fussy>("test.fussy", "1").on_all(),
                                        aludel::handler<Configured>("test.configured", "1"));

const aludel_library& library() {
  return *aludel::library<specs>();
}
const aludel_handler& thrower() {
  return *library().handlers[0];
}
const aludel_handler& everything() {
  return *library().handlers[1];
}
std::string text_of(const aludel_str& text) {
  return {text.data, text.size};
}

}  // namespace

TEST_CASE("what a handler throws becomes an outcome with code and message") {
  struct Case {
    const char* type;
    std::int32_t outcome;
    const char* code;
    const char* message;
  };
  const Case cases[] = {
      {"handled", ALUDEL_HANDLED, "", ""},
      {"return", ALUDEL_RETRY, "", ""},
      {"skip", ALUDEL_SKIP, "", ""},
      {"retry", ALUDEL_RETRY, "rate_limited", "wait"},
      {"fail", ALUDEL_FAIL, "no_stock", "none left"},
      {"fatal", ALUDEL_FATAL, "no_key", "the key file is gone"},
      {"exception", ALUDEL_FAIL, "exception", "something broke"},
      {"int", ALUDEL_FAIL, "exception", "an exception that is not a std::exception"},
      {"bad_alloc", ALUDEL_FATAL, "out_of_memory", "the handler could not allocate memory"},
  };
  FakeProcessor processor(thrower());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  for (const Case& c : cases) {
    CAPTURE(c.type);
    CHECK(processor.handle({.type = c.type}) == c.outcome);
    CHECK(processor.host.error().code == c.code);
    CHECK(processor.host.error().message == c.message);
    CHECK(processor.host.error().event_id == UINT64_MAX);
  }
}

TEST_CASE("retry carries its delay and fail its detail") {
  FakeProcessor processor(thrower());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  processor.handle({.type = "retry"});
  CHECK(processor.host.error().retry_after_ms == 250);
  processor.handle({.type = "fail"});
  CHECK(processor.host.error().detail_json == R"({"sku": 7})");
}

TEST_CASE("members that a handler does not have are null in the ABI") {
  const aludel_handler& handler = thrower();
  CHECK(handler.projection_version == 0);
  CHECK((handler.migrate == nullptr));
  CHECK((handler.start == nullptr));
  CHECK((handler.validate == nullptr));
  CHECK((handler.flush == nullptr));
  CHECK((handler.rolled_back == nullptr));
  CHECK((handler.on_error == nullptr));
  CHECK((handler.stop == nullptr));
  CHECK((handler.get_extension == nullptr));
}

TEST_CASE("a plugin may hold several handlers, each as it was described") {
  CHECK(library().struct_size == sizeof(aludel_library));
  CHECK(library().abi_minor_built == ALUDEL_ABI_MINOR);
  CHECK(library().abi_minor_required == 0);
  REQUIRE(library().handler_count == 5);
  const aludel_handler& handler = everything();
  CHECK(handler.struct_size == sizeof(aludel_handler));
  CHECK(handler.flags == ALUDEL_HANDLER_EXTERNAL);
  CHECK(handler.projection_version == 3);
  CHECK(text_of(handler.id) == "test.everything");
  CHECK(text_of(handler.version) == "2.1.0");
  CHECK(text_of(handler.name) == "Every thing");
  CHECK(text_of(handler.vendor) == "the tests");
  CHECK(text_of(handler.description) == "has it all");
  CHECK(text_of(handler.config_schema) == "{}");
  REQUIRE(handler.subscription_count == 2);
  CHECK(handler.subscriptions[0]->struct_size == sizeof(aludel_subscription));
  CHECK(handler.subscriptions[0]->kind == ALUDEL_EXACT);
  CHECK(text_of(handler.subscriptions[0]->type) == "a");
  CHECK(handler.subscriptions[1]->kind == ALUDEL_PREFIX);
  CHECK(text_of(handler.subscriptions[1]->type) == "b.");
  CHECK(library().handlers[2]->subscriptions[0]->kind == ALUDEL_ALL);
}

TEST_CASE("migrations run from the version that is there to the last") {
  const auto tables = "select group_concat(name, ' ') from (select name from sqlite_schema order by name)";
  FakeProcessor fresh(everything());
  REQUIRE(fresh.create() == ALUDEL_HANDLED);
  CHECK(fresh.migrate(0) == ALUDEL_HANDLED);
  CHECK(fresh.host.rows(tables) == "a b c");
  CHECK(fresh.host.rows("select x from b") == "2");

  FakeProcessor old(everything());
  REQUIRE(old.create() == ALUDEL_HANDLED);
  CHECK(old.migrate(2) == ALUDEL_HANDLED);
  CHECK(old.host.rows(tables) == "c");
  CHECK(old.migrate(3) == ALUDEL_HANDLED);
  CHECK(old.migrate(4) == ALUDEL_FAIL);
  CHECK(old.host.error().message == "there is no way from version 4 to 3");
}

TEST_CASE("a migration that SQLite refuses fails with its words") {
  FakeProcessor processor(everything());
  REQUIRE(processor.create() == ALUDEL_HANDLED);
  processor.host.execute("create table b (y)");
  CHECK(processor.migrate() == ALUDEL_FAIL);
  CHECK(processor.host.error().code == "sql_error");
  CHECK(processor.host.error().message ==
        "migrations[1]: run \"create table b (x); insert into b values (2)\": table b already exists");
}

TEST_CASE("a handler may migrate by hand") {
  FakeProcessor processor(*library().handlers[2]);
  REQUIRE(processor.create() == ALUDEL_HANDLED);
  CHECK(processor.migrate(4) == ALUDEL_HANDLED);
  CHECK(processor.host.rows("select a, b from t") == "4|7");
}

TEST_CASE("a handler may take its subscriptions and its migrations from the config") {
  const aludel_handler& handler = *library().handlers[4];
  CHECK(handler.flags == ALUDEL_HANDLER_DYNAMIC);
  CHECK(handler.subscription_count == 0);
  CHECK(handler.projection_version == 0);
  FakeProcessor processor(handler);
  REQUIRE(processor.run_up(R"({"tables": {"a": "x", "b": "y.*", "c": "*"}})") == ALUDEL_HANDLED);
  CHECK(processor.host.subscriptions() == std::vector<std::string>{"1 x", "2 y.", "3 "});
  CHECK(processor.host.projection_version() == 3);
  CHECK(processor.host.rows("select group_concat(name, ' ') from sqlite_schema") == "a b c");
}

TEST_CASE("a subscription that the host refuses is why there is no instance") {
  FakeProcessor processor(*library().handlers[4]);
  processor.host.fail_next(ALUDEL_LIMIT, "over 1024 subscriptions");
  CHECK(processor.create(R"({"tables": {"a": "x"}})") == ALUDEL_FAIL);
  CHECK(processor.self() == nullptr);
  CHECK(processor.host.error().code == "limit");
  CHECK(processor.host.error().message == "subscribe to \"x\": over 1024 subscriptions");
}

TEST_CASE("a constructor that throws makes no instance") {
  FakeProcessor processor(*library().handlers[3]);
  CHECK(processor.create() == ALUDEL_FAIL);
  CHECK(processor.self() == nullptr);
  CHECK(processor.host.error().message == "not like this");
}

TEST_CASE("start, handle, rolled_back and stop reach the handler, and stop may throw without harm") {
  FakeProcessor processor(everything());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  CHECK(processor.handle({.type = "invalid"}) == ALUDEL_FAIL);
  CHECK(processor.handle({.type = "a"}) == ALUDEL_HANDLED);
  processor.rolled_back(5);
  processor.stop();
  CHECK(processor.host.log_lines() == std::vector<std::string>{"2 start", "3 handle", "4 rolled back 5",
                                                               "2 stop", "4 stop() threw an exception"});
}

TEST_CASE("flush may name the event at fault") {
  FakeProcessor processor(everything());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  CHECK(processor.flush() == ALUDEL_FAIL);
  CHECK(processor.host.error().event_id == 9);
}

TEST_CASE("an instance whose rolled_back threw handles nothing more") {
  FakeProcessor processor(everything());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  processor.rolled_back(13);
  CHECK(processor.handle({.type = "a"}) == ALUDEL_FATAL);
  CHECK(processor.flush() == ALUDEL_FATAL);
  CHECK(processor.host.error().code == "rolled_back_failed");
}

TEST_CASE("on_error decides, and leaves it to the operator if it throws") {
  FakeProcessor processor(everything());
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  aludel_failure failure{};
  failure.struct_size = sizeof failure;
  failure.outcome = ALUDEL_FAIL;
  failure.attempt = 3;
  failure.code = failure.message = failure.detail_json = ALUDEL_STR("");
  CHECK(processor.on_error({.type = "a"}, failure).action == ALUDEL_ACTION_DEAD_LETTER);
  CHECK(processor.on_error({.type = "confusing"}, failure).action == ALUDEL_ACTION_DEFAULT);
  failure.outcome = ALUDEL_RETRY;
  CHECK(processor.on_error({.type = "a"}, failure).action == ALUDEL_ACTION_RETRY);
  CHECK(processor.on_error({.type = "a"}, failure).delay_ms == 3000);
}

}  // namespace abi_test
