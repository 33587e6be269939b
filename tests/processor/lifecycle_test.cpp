// SPDX-License-Identifier: MIT
// How a handler is brought up and let go.
#include <aludel/plugin.h>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Notes how long each pause was, and lets the time pass.
void pass_pauses(Rig& rig, std::vector<std::chrono::nanoseconds>& pauses, int count) {
  for (int i = 0; i < count; ++i) {
    rig.steps.emplace_back([&](const FakeLog::Wait& wait) {
      REQUIRE(wait.timeout);
      CHECK(rig.told.back().activity == Activity::retrying);
      pauses.push_back(*wait.timeout);
      rig.clock.advance(*wait.timeout);
    });
  }
}

}  // namespace

TEST_CASE("a new processor is created, migrated from nothing, started, and stopped") {
  Rig rig;
  rig.log.append("wanted", 1, 1);
  rig.options.config_json = R"({"currency":"EUR"})";
  rig.run();
  CHECK(rig.script.life() == "c create migrate 0 1 c start h0 f c stop destroy");
  CHECK(rig.script.config == R"({"currency":"EUR"})");
}

TEST_CASE("a processor that is started again is not migrated again") {
  Rig rig;
  rig.run();
  rig.run();
  CHECK(rig.script.life() == "create start stop destroy");
}

TEST_CASE("of types that the handler does not subscribe to is said that nothing of them arrives") {
  Rig rig;
  rig.options.types = {{Subscription::Kind::exact, "wanted"}, {Subscription::Kind::prefix, "other."}};
  rig.log.append("wanted", 1, 1);
  rig.run();
  CHECK(rig.rows() == "0");
  REQUIRE(rig.logged.size() == 1);
  CHECK(rig.logged[0] ==
        "types names \"other.*\", to which org.example.scripted does not subscribe: nothing of it arrives");
}

TEST_CASE("a handler that keeps no tables is not migrated") {
  Rig rig;
  rig.script.description.projection_version = 0;
  rig.run();
  CHECK(rig.script.life() == "c create start c stop destroy");
  rig.run();
  CHECK(rig.script.life() == "create start stop destroy");
}

TEST_CASE("a newer handler migrates from the version that the projection has") {
  Rig rig;
  rig.run();
  rig.script.description.projection_version = 3;
  rig.script.description.version = "3.1.4";
  rig.script.migrate = {.sql = "create table more (a)"};
  rig.run();
  CHECK(rig.script.life() == "create migrate 1 3 c start stop destroy");
  CHECK(rig.durable().handler_version == "3.1.4");
  CHECK(Rig::number_in(rig.directory(), "select projection_version from _aludel_identity") == 3);
  rig.run();
  CHECK(rig.script.life() == "create start stop destroy");
}

TEST_CASE("the version of a handler that has come up is noted") {
  Rig rig;
  rig.run();
  rig.script.description.version = "1.0.1";
  CHECK(rig.run().handler_version == "1.0.1");
  CHECK(rig.durable().handler_version == "1.0.1");
}

TEST_CASE("a migration that fails leaves neither tables nor a version") {
  for (const auto outcome : {Outcome::fail, Outcome::fatal}) {
    CAPTURE(to_string(outcome));
    Rig rig;
    rig.script.migrate = {.outcome = outcome, .sql = "create table half (a)"};
    const auto state = rig.run();
    CHECK(rig.script.life() == "c create migrate 0 1 c destroy");
    for (const auto& seen : {state, rig.durable()}) {
      CHECK(seen.activity == Activity::stopped);
      REQUIRE(seen.error);
      CHECK(seen.error->stage == "migrate");
      CHECK(seen.error->outcome == to_string(outcome));
    }
    CHECK(Rig::number_in(rig.directory(),
                         "select count(*) from sqlite_schema where name in ('half', 'rows')") == 0);
    CHECK(Rig::number_in(rig.directory(), "select projection_version from _aludel_identity") == 0);
    rig.script.migrate = {};
    CHECK(rig.run().activity == Activity::offline);
    CHECK_FALSE(rig.durable().error);
  }
}

TEST_CASE("a migration whose SQL ends the host's transaction fails") {
  Rig rig;
  rig.script.migrate = {
      .sql = "create table t (a unique); insert into t values (1); insert or rollback into t values (1)",
      .swallows = true};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().error->code == "transaction_lost");
  CHECK(Rig::number_in(rig.directory(), "select projection_version from _aludel_identity") == 0);
}

TEST_CASE("a handler older than its projection is refused, and the projection is untouched") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.script.description.projection_version = 2;
  rig.run();
  rig.script.description.projection_version = 1;
  rig.log.append("wanted", 3, 3);
  const auto state = rig.run();
  CHECK(rig.script.life() == "create c destroy");
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.activity == Activity::refused);
    CHECK(seen.next == 3);
    REQUIRE(seen.error);
    CHECK(seen.error->code == "newer_projection");
    CHECK(seen.error->message.find("of version 2") != std::string::npos);
    CHECK(seen.error->message.find("knows version 1") != std::string::npos);
  }
  rig.script.description.projection_version = 2;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(5));
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE("a create that fails refuses the processor; nothing is stopped that was not started") {
  for (const auto outcome : {Outcome::fail, Outcome::fatal}) {
    CAPTURE(to_string(outcome));
    Rig rig;
    rig.script.create = {.outcome = outcome, .code = "bad_config"};
    const auto state = rig.run();
    CHECK(rig.script.life() == "c create c destroy");
    for (const auto& seen : {state, rig.durable()}) {
      CHECK(seen.activity == Activity::refused);
      REQUIRE(seen.error);
      CHECK(seen.error->stage == "create");
      CHECK_FALSE(seen.error->event_id);
    }
    rig.script.create = {};
    CHECK(rig.run().activity == Activity::offline);
    CHECK_FALSE(rig.durable().error);
  }
}

TEST_CASE("a start that fails stops the processor; nothing is stopped that was not started") {
  for (const auto outcome : {Outcome::fail, Outcome::fatal}) {
    CAPTURE(to_string(outcome));
    Rig rig;
    rig.script.start = {.outcome = outcome};
    const auto state = rig.run();
    CHECK(rig.script.life() == "c create migrate 0 1 c start c destroy");
    for (const auto& seen : {state, rig.durable()}) {
      CHECK(seen.activity == Activity::stopped);
      REQUIRE(seen.error);
      CHECK(seen.error->stage == "start");
    }
    rig.script.start = {};
    CHECK(rig.run().activity == Activity::offline);
    CHECK_FALSE(rig.durable().error);
  }
}

TEST_CASE("a create that asks to be called again is, on a new instance, with growing pauses") {
  Rig rig;
  rig.log.append("wanted", 1, 1);
  rig.script.create = {.outcome = Outcome::retry, .code = "not_yet", .times = 3};
  std::vector<std::chrono::nanoseconds> pauses;
  pass_pauses(rig, pauses, 3);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(pauses ==
        std::vector<std::chrono::nanoseconds>{milliseconds(100), milliseconds(200), milliseconds(400)});
  CHECK(rig.script.life() ==
        "c create destroy create destroy create destroy create migrate 0 1 c start h0 f c stop destroy");
  REQUIRE(rig.told[3].error);
  CHECK(rig.told[3].error->attempt == 3);
  CHECK(rig.told[3].error->code == "not_yet");
  CHECK(rig.told[3].error->outcome == "retry");
  CHECK_FALSE(rig.told.back().error);
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE("a migrate and a start that ask to be called again are, on the same instance") {
  Rig rig;
  rig.script.migrate = {.outcome = Outcome::retry, .times = 1};
  rig.script.start = {.outcome = Outcome::retry, .times = 2};
  std::vector<std::chrono::nanoseconds> pauses;
  pass_pauses(rig, pauses, 3);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(pauses ==
        std::vector<std::chrono::nanoseconds>{milliseconds(100), milliseconds(100), milliseconds(200)});
  CHECK(rig.script.life() == "c create migrate 0 1 migrate 0 1 c start start start stop destroy");
}

TEST_CASE("a pause lasts as long as the handler asks, within reason") {
  struct Row {
    milliseconds asked;
    std::chrono::nanoseconds pause;
  };
  const Row rows[] = {{milliseconds(50), milliseconds(100)},
                      {milliseconds(1'500), milliseconds(1'500)},
                      {milliseconds::max(), hours(24)}};
  for (const auto& row : rows) {
    Rig rig;
    rig.script.start = {.outcome = Outcome::retry, .times = 1, .retry_after = row.asked};
    std::vector<std::chrono::nanoseconds> pauses;
    pass_pauses(rig, pauses, 1);
    rig.run();
    CHECK(pauses == std::vector{row.pause});
  }
}

TEST_CASE("a stop ends a pause") {
  struct Row {
    Stage stage;
    Script::Deed Script::*deed;
  };
  const Row rows[] = {
      {Stage::create, &Script::create}, {Stage::migrate, &Script::migrate}, {Stage::start, &Script::start}};
  for (const auto& row : rows) {
    CAPTURE(to_string(row.stage));
    Rig rig;
    rig.script.*row.deed = {.outcome = Outcome::retry};
    rig.steps = {[&](const auto&) { rig.stop.raise(); }};
    CHECK(rig.run().activity == Activity::offline);
    CHECK(rig.script.life().ends_with(" destroy"));
    CHECK(rig.script.life().find("stop") == std::string::npos);
  }
}

TEST_CASE("an instance that cannot be made refuses the processor, under the reason's name") {
  Rig rig;
  rig.run();
  const auto make = rig.make_instance;
  rig.make_instance = [](const Instance::Context&) -> Result<std::unique_ptr<Instance>> {
    return Error{ErrorCode::refused, "load libx.so: it is for another machine: get one for this",
                 "wrong_machine"};
  };
  const auto state = rig.run();
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.activity == Activity::refused);
    REQUIRE(seen.error);
    CHECK(seen.error->code == "wrong_machine");
    CHECK(seen.error->outcome == "host");
  }
  rig.make_instance = make;
  CHECK(rig.run().activity == Activity::offline);
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE("a new processor whose instance cannot be made leaves no projection") {
  Rig rig;
  rig.make_instance = [](const Instance::Context&) -> Result<std::unique_ptr<Instance>> {
    return Error{ErrorCode::refused, "load libx.so: no such file", "not_found"};
  };
  CHECK(rig.run().activity == Activity::refused);
  const auto state = read_state(rig.directory());
  REQUIRE_FALSE(state);
  CHECK(state.error().code == ErrorCode::not_found);
}

TEST_CASE("a reset is refused while the handler cannot be made, as nobody says what a rebuild would do") {
  Rig rig;
  rig.script.description.flags = ALUDEL_HANDLER_EXTERNAL;
  rig.log.append("wanted", 3, 3);
  rig.run();
  rig.make_instance = [](const Instance::Context&) -> Result<std::unique_ptr<Instance>> {
    return Error{ErrorCode::not_found, "make the handler org.example.scripted: libx.so has no such handler"};
  };
  Rig::command(rig.directory(), {.kind = Command::Kind::reset});
  CHECK(rig.run().activity == Activity::refused);
  CHECK(Rig::number_in(rig.directory(), "select refused from _aludel_command") == 1);
  CHECK(rig.rows() == upto(2));
}

TEST_CASE(
    "a processor whose time to begin has not come keeps nothing, and begins with the first event then") {
  constexpr auto wait = hours(24 * 400);
  Rig rig;
  rig.log.append("wanted", 2, 2);
  rig.options.start_at = {StartAt::Kind::time, rig.clock.wall_ns() + std::chrono::nanoseconds(wait).count()};
  for (int host = 0; host < 2; ++host) {
    const auto state = rig.run();
    CHECK(state.activity == Activity::retrying);
    REQUIRE(state.error);
    CHECK(state.error->code == "not_yet");
    CHECK(state.error->next_try_ns == rig.options.start_at.time_ns);
    CHECK(rig.script.journal.empty());
    REQUIRE_FALSE(read_state(rig.directory()));
  }
  rig.log.append("wanted", 2, 2);
  rig.clock.advance(wait);
  rig.log.set_time(rig.clock.wall_ns());
  rig.log.append("wanted", 2, 2);
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == "4 5");
}

TEST_CASE("a processor has one owner") {
  Rig rig;
  auto first = rig.open();
  REQUIRE(first);
  const auto second = rig.open();
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::locked);
  first->reset();
  CHECK(rig.open());
}

}  // namespace aludel
