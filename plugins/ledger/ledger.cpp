// SPDX-License-Identifier: MIT
/// The bank accounts of the events `deposit` and `withdrawal`: {"account": 2378, "amount": 70000}, amounts in
/// the smallest unit of the currency. Integers only; nothing is ever rounded.
#include <aludel/plugin.hpp>

namespace {

// ?1 account, ?2 amount with its sign, ?3 whether the balance may end below zero. Writes nothing and gives no
// row if it may not but would, or if the sum leaves 64 bits: SQLite then makes it a real.
constexpr const char* apply = R"(
    insert into accounts select ?1, ?2 where ?3 or exists (select 1 from accounts where account = ?1)
    on conflict (account) do update set balance = balance + ?2
        where typeof(balance + ?2) = 'integer' and (?3 or balance + ?2 >= 0)
    returning balance)";

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
    const auto balance = call.sql(apply).value<std::int64_t>(account, amount, may_overdraw);
    if (!balance) refuse(call, account, amount);
    call.sql("insert into entries values (?, ?, ?, ?)").run(event.id(), account, amount, *balance);
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
