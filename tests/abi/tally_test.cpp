// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

constexpr std::int64_t day = 86'400'000'000'000;

/// A tally that is running.
struct Tally : FakeProcessor {
  Tally() : FakeProcessor(*load(TALLY_PLUGIN).handlers[0]) { REQUIRE(run_up() == ALUDEL_HANDLED); }

  void see(std::uint64_t id, std::string type, std::int64_t time_ns = 0) {
    CHECK(handle({.type = std::move(type), .id = id, .time_ns = time_ns}) == ALUDEL_HANDLED);
  }
  std::string counts() { return host.rows("select type, day, count from tally order by type, day"); }
};

}  // namespace

TEST_CASE("the tally counts all events by type and day and writes them at once in flush") {
  Tally tally;
  tally.see(0, "deposit");
  tally.see(1, "withdrawal");
  tally.see(2, "deposit", day - 1);
  tally.see(3, "deposit", day);
  CHECK(tally.counts().empty());
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "deposit|1970-01-01|2\ndeposit|1970-01-02|1\nwithdrawal|1970-01-01|1");
}

TEST_CASE("the tally adds to what earlier batches counted") {
  Tally tally;
  tally.see(0, "deposit");
  CHECK(tally.flush() == ALUDEL_HANDLED);
  tally.see(1, "deposit");
  tally.see(2, "deposit");
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "deposit|1970-01-01|3");
}

TEST_CASE("the tally finds the day of times before 1970 and far after") {
  Tally tally;
  tally.see(0, "a", -1);
  tally.see(1, "b", -day);
  tally.see(2, "c", INT64_MIN);
  tally.see(3, "d", INT64_MAX);
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "a|1969-12-31|1\nb|1969-12-31|1\nc|1677-09-21|1\nd|2262-04-11|1");
}

TEST_CASE("the tally forgets the events from the one that was rolled back on, and keeps those before") {
  Tally tally;
  for (std::uint64_t id = 10; id != 15; ++id)
    tally.see(id, id % 2 == 0 ? "even" : "odd");
  tally.rolled_back(13);
  tally.see(14, "even");
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "even|1970-01-01|3\nodd|1970-01-01|1");
}

TEST_CASE("the tally counts a batch once that was undone after its flush and delivered again") {
  Tally tally;
  tally.host.execute("begin");
  tally.see(0, "deposit");
  tally.see(1, "deposit");
  CHECK(tally.flush() == ALUDEL_HANDLED);
  tally.host.execute("rollback");
  tally.rolled_back(0);
  tally.see(0, "deposit");
  tally.see(1, "deposit");
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "deposit|1970-01-01|2");
}

TEST_CASE("the tally counts a batch once whose flush failed half way") {
  Tally tally;
  tally.see(0, "deposit");
  tally.see(1, "withdrawal");
  tally.host.fail_next(ALUDEL_CONSTRAINT, "as the test wants it");
  CHECK(tally.flush() == ALUDEL_FAIL);
  tally.rolled_back(0);
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts().empty());
}

TEST_CASE("the tally touches the database as often as a batch has types and days") {
  Tally tally;
  for (std::uint64_t id = 0; id != 1000; ++id)
    tally.see(id, "deposit");
  CHECK(tally.host.prepare_calls() == 0);
  CHECK(tally.flush() == ALUDEL_HANDLED);
  CHECK(tally.counts() == "deposit|1970-01-01|1000");
  CHECK(tally.host.rows("select total_changes()") == "1");
}

}  // namespace abi_test
