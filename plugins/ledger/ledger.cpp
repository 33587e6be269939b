// SPDX-License-Identifier: MIT
/// The bank accounts of the events `deposit` and `withdrawal`: {"account": 2378, "amount": 70000}, amounts in
/// the smallest unit of the currency. Integers only; nothing is ever rounded.
#include <aludel/plugin.hpp>

namespace {

// ?1 account, ?2 amount with its sign. Each changes one row, or none if the event is to be refused. Neither
// uses RETURNING, for which SQLite makes a temporary table at every run.

// Beyond 64 bits SQLite makes the sum a real.
constexpr const char* add = R"(
    insert into accounts values (?1, ?2) on conflict do update set balance = balance + ?2
    where typeof(balance + ?2) = 'integer')";
constexpr const char* add_above_zero = R"(
    update accounts set balance = balance + ?2 where account = ?1 and balance + ?2 >= 0)";
constexpr const char* enter = R"(
    insert into entries values (?1, ?2, ?3, (select balance from accounts where account = ?2)))";

class Ledger {
 public:
  static constexpr const char* migrations[] = {R"(
      create table accounts (account integer primary key, balance integer not null);
      create table entries (event_id integer primary key, account integer not null,
                            amount integer not null, balance integer not null);)"};

  explicit Ledger(const aludel::Config& config) {
    config.allow_only({"allow_overdraft"});
    allow_overdraft_ = config.find<bool>("/allow_overdraft").value_or(false);
  }

  void handle(aludel::Call& call, const aludel::Event& event) {
    const auto account = event.json<std::int64_t>("/account");
    const auto moved = event.json<std::int64_t>("/amount");
    if (moved < 0) throw aludel::fail("negative_amount", "amount " + std::to_string(moved) + " is negative");
    const std::int64_t amount = event.type() == "withdrawal" ? -moved : moved;
    // A deposit goes through even where it leaves below zero a balance that an earlier config let sink there.
    const bool may_overdraw = allow_overdraft_ || amount >= 0;
    if (call.sql(may_overdraw ? add : add_above_zero).run(account, amount) == 0)
      refuse(call, account, amount);
    call.sql(enter).run(event.id(), account, amount);
  }

 private:
  [[noreturn]] static void refuse(aludel::Call& call, std::int64_t account, std::int64_t amount) {
    const std::int64_t balance =
        call.sql("select balance from accounts where account = ?").value<std::int64_t>(account).value_or(0);
    const bool overflows = amount < 0 ? balance < INT64_MIN - amount : balance > INT64_MAX - amount;
    const std::string text =
        "balance " + std::to_string(balance) +
        (amount < 0 ? ", withdrawal " + std::to_string(-amount) : ", deposit " + std::to_string(amount));
    if (overflows) throw aludel::fail("overflow", text + ": the sum does not fit 64 bits");
    throw aludel::fail("insufficient_funds", text);
  }

  bool allow_overdraft_ = false;
};

}  // namespace

ALUDEL_PLUGIN(
    aludel::handler<Ledger>("org.aludel.ledger", "1.0.0")
        .on("deposit")
        .on("withdrawal")
        .named("Ledger")
        .describe("Balances of bank accounts, and an entry for every deposit and withdrawal")
        .takes(R"({"type": "object", "additionalProperties": false, "properties": {"allow_overdraft": {)"
               R"("type": "boolean", "default": false, "description": "let balances go below zero"}}})"))
