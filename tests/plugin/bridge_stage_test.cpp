// SPDX-License-Identifier: MIT
#include <thread>

#include <doctest/doctest.h>

#include "bridge.hpp"
#include "plugin/call_gate.hpp"

namespace aludel {
namespace {

struct HostFunction {
  std::string_view name;
  StageSet allowed;
  std::int32_t expected;  // where it is allowed
  std::function<std::int32_t(aludel_call*, const aludel_host*, aludel_statement*)> call;
};

constexpr auto in_sql = stages(Stage::migrate, Stage::handle, Stage::flush);

const HostFunction host_functions_table[] = {
    {"set_error", every_stage, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       const aludel_error error{sizeof error, 0, ALUDEL_STR("c"), ALUDEL_STR("m"),
                                {nullptr, 0}, 0, UINT64_MAX};
       return host->set_error(call, &error);
     }},
    {"last_error", every_stage, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_str code;
       aludel_str message;
       return host->last_error(call, &code, &message);
     }},
    {"json", every_stage, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_value value;
       return host->json(call, ALUDEL_LIT("[1]"), ALUDEL_LIT("/0"), &value);
     }},
    {"subscribe", stages(Stage::create), ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       return host->subscribe(call, ALUDEL_PREFIX, ALUDEL_LIT("order."));
     }},
    {"set_projection_version", stages(Stage::create), ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       return host->set_projection_version(call, 2);
     }},
    {"exec", stages(Stage::migrate), ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       return host->exec(call, ALUDEL_LIT("select 1"));
     }},
    {"prepare", in_sql | stages(Stage::start), ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_statement* statement;
       return host->prepare(call, ALUDEL_LIT("select 1"), &statement);
     }},
    {"run", in_sql, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement* statement) {
       return host->run(call, statement, nullptr, 0, nullptr);
     }},
    {"query", in_sql, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement* statement) {
       return host->query(call, statement, nullptr, 0);
     }},
    {"next", in_sql, ALUDEL_ROW,
     [](aludel_call* call, const aludel_host* host, aludel_statement* statement) {
       const aludel_value* row;
       std::uint64_t count;
       host->query(call, statement, nullptr, 0);
       return host->next(call, statement, &row, &count);
     }},
    {"column_name", in_sql, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement* statement) {
       aludel_str name;
       return host->column_name(call, statement, 0, &name);
     }},
    {"last_insert_id", in_sql, ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       std::int64_t id;
       return host->last_insert_id(call, &id);
     }},
    {"attribute", stages(Stage::validate, Stage::handle, Stage::on_error), ALUDEL_OK,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_str value;
       return host->attribute(call, ALUDEL_LIT("type"), &value);
     }},
    {"attribute_at", stages(Stage::validate, Stage::handle, Stage::on_error), ALUDEL_DONE,
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_str name;
       aludel_str value;
       return host->attribute_at(call, 0, &name, &value);
     }},
    {"emit", stages(Stage::handle, Stage::flush), ALUDEL_INVALID,  // its type is empty
     [](aludel_call* call, const aludel_host* host, aludel_statement*) {
       aludel_new_event event{};
       event.struct_size = sizeof event;
       return host->emit(call, &event);
     }},
};

// What a plugin may keep and should not use.
struct Kept {
  aludel_call* call = nullptr;
  const aludel_host* host = nullptr;
  aludel_statement* statement = nullptr;
};

// Brings up a handler that may subscribe, with a prepared "select 1".
Kept bring_up(Bridge& bridge) {
  Kept kept;
  REQUIRE(bridge.in(Stage::create, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    kept.call = call;
    kept.host = host;
    return host->subscribe(call, ALUDEL_ALL, "", 0);
  }) == Outcome::handled);
  REQUIRE(bridge.in(Stage::migrate, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    return host->prepare(call, ALUDEL_LIT("select 1"), &kept.statement);
  }) == Outcome::handled);
  REQUIRE(bridge.in(Stage::start, Bridge::nothing) == Outcome::handled);
  return kept;
}

std::string last_message(aludel_call* call, const aludel_host* host) {
  aludel_str code;
  aludel_str message;
  host->last_error(call, &code, &message);
  return std::string(message.data, message.size);
}

}  // namespace

TEST_CASE("each host function works in its stages and is misuse in all others") {
  for (const auto stage : {Stage::create, Stage::migrate, Stage::start, Stage::handle, Stage::flush,
                           Stage::rolled_back, Stage::stop}) {
    Bridge bridge("org.example.dynamic");
    const auto kept = stage == Stage::create ? Kept{} : bring_up(bridge);
    int called = 0;
    bridge.in(stage, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
      for (const auto& function : host_functions_table) {
        CAPTURE(to_string(stage));
        CAPTURE(function.name);
        const bool allowed = (function.allowed & stages(stage)) != 0;
        CHECK(function.call(call, host, kept.statement) == (allowed ? function.expected : ALUDEL_MISUSE));
        if (!allowed) {
          CHECK(last_message(call, host) ==
                std::string(function.name) + "() does not work in " + std::string(to_string(stage)) + "()");
        }
        ++called;
      }
      return ALUDEL_HANDLED;
    });
    CHECK(called == std::size(host_functions_table));
  }
}

TEST_CASE("a call that was kept is misuse between calls, and the log says so once") {
  Bridge bridge("org.example.dynamic");
  const auto kept = bring_up(bridge);
  for (const auto& function : host_functions_table) {
    CAPTURE(function.name);
    CHECK(function.call(kept.call, kept.host, kept.statement) == ALUDEL_MISUSE);
  }
  const auto lines = bridge.log.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].first == LogLevel::warning);
  CHECK(lines[0].second.find("set_error() outside of a call") != std::string::npos);
}

TEST_CASE("another thread's call is misuse, also while the call is open") {
  Bridge bridge("org.example.dynamic");
  const auto kept = bring_up(bridge);
  CHECK(bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    std::thread([&] {
      for (const auto& function : host_functions_table) {
        CAPTURE(function.name);
        CHECK(function.call(call, host, kept.statement) == ALUDEL_MISUSE);
      }
    }).join();
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
}

TEST_CASE("a copy of the call, another instance's, and none at all are misuse") {
  Bridge bridge("org.example.dynamic");
  Bridge other("org.example.dynamic");
  const auto kept = bring_up(bridge);
  const auto others = bring_up(other);
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    auto copy = *call;
    for (const auto& function : host_functions_table) {
      CAPTURE(function.name);
      CHECK(function.call(&copy, host, kept.statement) == ALUDEL_MISUSE);
      CHECK(function.call(nullptr, host, kept.statement) == ALUDEL_MISUSE);
      CHECK(function.call(others.call, host, kept.statement) == ALUDEL_MISUSE);
    }
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("a statement that is none of the instance's is misuse") {
  Bridge bridge("org.example.dynamic");
  Bridge other("org.example.dynamic");
  const auto kept = bring_up(bridge);
  const auto others = bring_up(other);
  int outside = 0;
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    for (auto* statement :
         {static_cast<aludel_statement*>(nullptr), others.statement,
          reinterpret_cast<aludel_statement*>(&outside),
          reinterpret_cast<aludel_statement*>(reinterpret_cast<std::uintptr_t>(kept.statement) + 1)}) {
      const aludel_value* row;
      std::uint64_t count;
      aludel_str name;
      CHECK(host->run(call, statement, nullptr, 0, nullptr) == ALUDEL_MISUSE);
      CHECK(host->query(call, statement, nullptr, 0) == ALUDEL_MISUSE);
      CHECK(host->next(call, statement, &row, &count) == ALUDEL_MISUSE);
      CHECK(host->column_name(call, statement, 0, &name) == ALUDEL_MISUSE);
    }
    CHECK(host->run(call, kept.statement, nullptr, 0, nullptr) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("null pointers where something must be are misuse") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    aludel_statement* statement;
    aludel_str text;
    const aludel_value* row;
    std::uint64_t count;
    REQUIRE(host->prepare(call, ALUDEL_LIT("select 1"), &statement) == ALUDEL_OK);
    CHECK(host->set_error(call, nullptr) == ALUDEL_MISUSE);
    CHECK(host->last_error(call, nullptr, &text) == ALUDEL_MISUSE);
    CHECK(host->last_error(call, &text, nullptr) == ALUDEL_MISUSE);
    CHECK(host->json(call, nullptr, 3, "", 0, nullptr) == ALUDEL_MISUSE);
    CHECK(host->json(call, ALUDEL_LIT("1"), nullptr, 2, nullptr) == ALUDEL_MISUSE);
    CHECK(host->json(call, ALUDEL_LIT("1"), "", 0, nullptr) == ALUDEL_MISUSE);
    CHECK(host->prepare(call, nullptr, 5, &statement) == ALUDEL_MISUSE);
    CHECK(host->prepare(call, ALUDEL_LIT("select 1"), nullptr) == ALUDEL_MISUSE);
    CHECK(host->run(call, statement, nullptr, 1, nullptr) == ALUDEL_MISUSE);
    CHECK(host->query(call, statement, nullptr, 1) == ALUDEL_MISUSE);
    CHECK(host->next(call, statement, nullptr, &count) == ALUDEL_MISUSE);
    CHECK(host->next(call, statement, &row, nullptr) == ALUDEL_MISUSE);
    CHECK(host->column_name(call, statement, 0, nullptr) == ALUDEL_MISUSE);
    CHECK(host->column_name(call, statement, 1, &text) == ALUDEL_MISUSE);
    CHECK(host->last_insert_id(call, nullptr) == ALUDEL_MISUSE);
    CHECK(host->attribute(call, nullptr, 4, &text) == ALUDEL_MISUSE);
    CHECK(host->attribute(call, ALUDEL_LIT("type"), nullptr) == ALUDEL_MISUSE);
    CHECK(host->attribute_at(call, 0, nullptr, &text) == ALUDEL_MISUSE);
    host->log(nullptr, ALUDEL_LOG_ERROR, ALUDEL_LIT("lost"));
    host->log(host, ALUDEL_LOG_ERROR, nullptr, 4);
    CHECK(host->log_enabled(nullptr, ALUDEL_LOG_ERROR) == 0);
    return ALUDEL_HANDLED;
  });
  CHECK(bridge.log.lines().empty());
}

TEST_CASE("an instance without a projection is denied SQL") {
  Bridge bridge("org.example.scripted", false);
  REQUIRE(bridge.in(Stage::create, Bridge::nothing) == Outcome::handled);
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    aludel_statement* statement;
    CHECK(host->prepare(call, ALUDEL_LIT("select 1"), &statement) == ALUDEL_DENIED);
    return ALUDEL_HANDLED;
  });
  CHECK_FALSE(bridge.instance().wrote());
}

}  // namespace aludel
