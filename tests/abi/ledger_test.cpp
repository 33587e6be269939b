// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

constexpr const char* largest = "9223372036854775807";

const aludel_handler& ledger() {
  return *load(LEDGER_PLUGIN).handlers[0];
}

/// A ledger that is running.
struct Ledger : FakeProcessor {
  explicit Ledger(const std::string& config = "{}") : FakeProcessor(ledger()) {
    REQUIRE(run_up(config) == ALUDEL_HANDLED);
  }

  std::int32_t deposit(std::string_view account, std::string_view amount) {
    return move("deposit", account, amount);
  }
  std::int32_t withdraw(std::string_view account, std::string_view amount) {
    return move("withdrawal", account, amount);
  }
  std::int32_t move(std::string type, std::string_view account, std::string_view amount) {
    return deliver(
        {.type = std::move(type),
         .data = "{\"account\": " + std::string(account) + ", \"amount\": " + std::string(amount) + "}",
         .id = next_id++});
  }
  std::string accounts() { return host.rows("select account, balance from accounts order by account"); }
  std::string entries() {
    return host.rows("select event_id, account, amount, balance from entries order by event_id");
  }
  const std::string& code() { return host.error().code; }
  const std::string& message() { return host.error().message; }

  std::uint64_t next_id = 0;
};

std::string refusal_of(const std::string& config) {
  FakeProcessor processor(ledger());
  CHECK(processor.create(config) == ALUDEL_FAIL);
  return processor.host.error().code + ": " + processor.host.error().message;
}

}  // namespace

TEST_CASE("the ledger keeps balances and an entry for every event") {
  Ledger ledger;
  CHECK(ledger.deposit("2378", "70000") == ALUDEL_HANDLED);
  CHECK(ledger.deposit("576", "1") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("2378", "500") == ALUDEL_HANDLED);
  CHECK(ledger.accounts() == "576|1\n2378|69500");
  CHECK(ledger.entries() == "0|2378|70000|70000\n1|576|1|1\n2|2378|-500|69500");
}

TEST_CASE("the ledger lets an account be emptied, and nothing be moved") {
  Ledger ledger;
  CHECK(ledger.deposit("1", "500") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("1", "500") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("1", "0") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("2", "0") == ALUDEL_HANDLED);
  CHECK(ledger.accounts() == "1|0\n2|0");
}

TEST_CASE("the ledger refuses a withdrawal above the balance and says both") {
  Ledger ledger;
  CHECK(ledger.deposit("7", "120") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("7", "500") == ALUDEL_FAIL);
  CHECK(ledger.code() == "insufficient_funds");
  CHECK(ledger.message() == "balance 120, withdrawal 500");
  CHECK(ledger.accounts() == "7|120");
}

TEST_CASE("the ledger refuses a withdrawal from an account that it never saw") {
  Ledger ledger;
  CHECK(ledger.withdraw("7", "1") == ALUDEL_FAIL);
  CHECK(ledger.message() == "balance 0, withdrawal 1");
  CHECK(ledger.accounts().empty());
}

TEST_CASE("a withdrawal that the ledger refuses has written nothing even before it is undone") {
  Ledger ledger;
  CHECK(ledger.deposit("7", "120") == ALUDEL_HANDLED);
  CHECK(ledger.handle({.type = "withdrawal", .data = R"({"account": 7, "amount": 500})", .id = 1}) ==
        ALUDEL_FAIL);
  CHECK(ledger.handle({.type = "withdrawal", .data = R"({"account": 8, "amount": 500})", .id = 2}) ==
        ALUDEL_FAIL);
  CHECK(ledger.accounts() == "7|120");
  CHECK(ledger.entries() == "0|7|120|120");
}

TEST_CASE("the ledger refuses data that it cannot count, each with its code") {
  struct Case {
    const char* data;
    const char* code;
  };
  const Case cases[] = {
      {R"({"account": 1, "amount": )", "invalid_json"},
      {"", "invalid_json"},
      {R"({"account": 1})", "missing_field"},
      {R"({"amount": 1})", "missing_field"},
      {R"([1, 2])", "missing_field"},
      {R"({"account": 1, "amount": 1.5})", "not_an_integer"},
      {R"({"account": 1, "amount": 1.0})", "not_an_integer"},
      {R"({"account": 1, "amount": "1"})", "not_an_integer"},
      {R"({"account": 1, "amount": null})", "not_an_integer"},
      {R"({"account": 1, "amount": true})", "not_an_integer"},
      {R"({"account": {}, "amount": 1})", "not_an_integer"},
      {R"({"account": 1, "amount": -1})", "negative_amount"},
      {R"({"account": 1, "amount": 9223372036854775808})", "overflow"},
  };
  Ledger ledger;
  for (const Case& c : cases) {
    CAPTURE(c.data);
    CHECK(ledger.deliver({.type = "deposit", .data = c.data}) == ALUDEL_FAIL);
    CHECK(ledger.code() == c.code);
    CHECK_FALSE(ledger.message().empty());
  }
  CHECK(ledger.accounts().empty());
  CHECK(ledger.entries().empty());
}

TEST_CASE("the ledger refuses a deposit that leaves 64 bits and keeps the balance exact") {
  Ledger ledger;
  CHECK(ledger.deposit("1", largest) == ALUDEL_HANDLED);
  CHECK(ledger.deposit("1", "0") == ALUDEL_HANDLED);
  CHECK(ledger.deposit("1", "1") == ALUDEL_FAIL);
  CHECK(ledger.code() == "overflow");
  CHECK(ledger.message() == "balance 9223372036854775807, deposit 1: the sum does not fit 64 bits");
  CHECK(ledger.withdraw("1", largest) == ALUDEL_HANDLED);
  CHECK(ledger.accounts() == "1|0");
}

TEST_CASE("allow_overdraft lets balances go below zero, down to 64 bits") {
  Ledger ledger(R"({"allow_overdraft": true})");
  CHECK(ledger.withdraw("1", "500") == ALUDEL_HANDLED);
  CHECK(ledger.deposit("1", "200") == ALUDEL_HANDLED);
  CHECK(ledger.accounts() == "1|-300");
  CHECK(ledger.withdraw("2", largest) == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("2", "1") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("2", "1") == ALUDEL_FAIL);
  CHECK(ledger.code() == "overflow");
  CHECK(ledger.message() == "balance -9223372036854775808, withdrawal 1: the sum does not fit 64 bits");
}

TEST_CASE("a deposit goes through on a balance that an earlier config let sink below zero") {
  Ledger ledger;
  ledger.host.execute("insert into accounts values (1, -500)");
  CHECK(ledger.deposit("1", "200") == ALUDEL_HANDLED);
  CHECK(ledger.withdraw("1", "1") == ALUDEL_FAIL);
  CHECK(ledger.code() == "insufficient_funds");
  CHECK(ledger.accounts() == "1|-300");
}

TEST_CASE("the ledger refuses a config that it does not know") {
  CHECK(refusal_of(R"({"allow_overdrafts": true})") ==
        R"(bad_config: config "allow_overdrafts" is unknown, allowed: allow_overdraft)");
  CHECK(refusal_of(R"({"allow_overdraft": "yes"})") ==
        R"(bad_config: config "/allow_overdraft" is text, not a boolean)");
  CHECK(refusal_of(R"({"allow_overdraft": 1})") ==
        R"(bad_config: config "/allow_overdraft" is an integer, not a boolean)");
}

TEST_CASE("the ledger prepares each of its statements once") {
  Ledger ledger;
  for (int i = 0; i != 10; ++i)
    CHECK(ledger.deposit("1", "5") == ALUDEL_HANDLED);
  CHECK(ledger.host.prepare_calls() == 2);
}

TEST_CASE("the ledger subscribes to deposits and withdrawals and requires no config") {
  const aludel_handler& handler = ledger();
  REQUIRE(handler.subscription_count == 2);
  CHECK(std::string_view(handler.subscriptions[0]->type.data) == "deposit");
  CHECK(std::string_view(handler.subscriptions[1]->type.data) == "withdrawal");
  CHECK(std::string_view(handler.config_schema.data).find("required") == std::string_view::npos);
}

}  // namespace abi_test
