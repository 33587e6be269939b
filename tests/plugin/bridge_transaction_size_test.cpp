// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "bridge_sql.hpp"

namespace aludel {

TEST_CASE("a call that writes over the size of a transaction fails, be it in many statements or in one") {
  const std::string large =
      "insert into t select zeroblob(1000000) from (with recursive n(i) as (select 1 union all select i + 1 "
      "from "
      "n limit 120) select i from n)";
  for (const bool in_one : {false, true}) {
    CAPTURE(in_one);
    Bridge bridge("org.example.scripted", true, nullptr, {.transaction_size = 64 * limits::MiB});
    bridge.bring_up();
    int refused = 0;
    const auto outcome = in_handle(bridge, [&](aludel_call* call, const aludel_host*) {
      if (in_one) {
        refused = run(call, large) == ALUDEL_LIMIT ? 1 : 0;
        return;
      }
      for (int i = 0; i < 120; ++i)
        refused += run(call, "insert into t values (zeroblob(1000000))") == ALUDEL_LIMIT ? 1 : 0;
    });
    CHECK(outcome == Outcome::fail);
    CHECK(refused > 0);
    CHECK(bridge.instance().error().code == "transaction_limit");
    CHECK(bridge.instance().error().message ==
          "handle() has written over 64MiB (transaction_size of its limits)");
    CHECK(bridge.instance().wrote());
  }
}

TEST_CASE("behind a call that wrote over the size of a transaction the host's own SQL goes on") {
  Bridge bridge("org.example.scripted", true, nullptr, {.transaction_size = 64 * limits::MiB});
  bridge.bring_up();
  in_handle(bridge, [&](aludel_call* call, const aludel_host*) {
    for (int i = 0; i < 120; ++i)
      run(call, "insert into t values (zeroblob(1000000))");
  });
  REQUIRE(bridge.instance().error().code == "transaction_limit");
  const auto counted = bridge.database().execute(
      "create table u as with recursive n(i) as (select 1 union all select i + 1 from n limit 1000) select i "
      "from n");
  CHECK_MESSAGE(counted, (counted ? "" : counted.error().message));
}

TEST_CASE("a value longer than a transaction is refused before any of it is written, but for a migration's") {
  Bridge bridge("org.example.scripted", true, nullptr, {.transaction_size = 64 * limits::MiB});
  bridge.bring_up("create table t (a); insert into t values (zeroblob(70000000)); delete from t");
  std::uint64_t written = 0;
  in_handle(bridge, [&](aludel_call* call, const aludel_host*) {
    const auto before = bridge.database().bytes_written();
    CHECK(run(call, "insert into t values (zeroblob(400000000))") == ALUDEL_TOO_LARGE);
    written = bridge.database().bytes_written() - before;
    CHECK(run(call, "insert into t values (zeroblob(1000000))") == ALUDEL_OK);
  });
  CHECK(written == 0);
}

TEST_CASE("a migration may write as much as it has to") {
  Bridge bridge("org.example.scripted", true, nullptr, {.transaction_size = 64 * limits::MiB});
  bridge.bring_up(
      "create table t (a);"
      "insert into t select zeroblob(1000000) from (with recursive n(i) as (select 1 union all select i + 1 "
      "from n "
      "limit 120) select i from n)");
}

}  // namespace aludel
