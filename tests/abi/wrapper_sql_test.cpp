// SPDX-License-Identifier: MIT
/// SQL through the wrapper: the cache of statements, values both ways, rows, errors.
#include <aludel/plugin.hpp>
#include <functional>

#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

/// Runs a piece of code as a handler's handle().
class Scratch {
 public:
  using Code = std::function<void(aludel::Call&)>;

  Scratch() { host.execute("create table t (a, b)"); }

  void run(const Code& code) {
    host.enter(ALUDEL_STAGE_HANDLE);
    code(call_);
    host.leave();
  }
  /// The verdict that the code throws, as "<outcome> <code>: <message>".
  std::string verdict(const Code& code) {
    std::string text = "none";
    host.enter(ALUDEL_STAGE_HANDLE);
    try {
      code(call_);
    } catch (const aludel::Verdict& verdict) {
      text = std::to_string(static_cast<int>(verdict.outcome())) + " " + verdict.code() + ": " +
             verdict.message();
    }
    host.leave();
    return text;
  }
  std::string table() { return host.rows("select a, b from t order by rowid"); }

  FakeHost host;

 private:
  aludel::Call call_{host.call()};
};

}  // namespace

TEST_CASE("run binds every type of value and counts changes") {
  Scratch scratch;
  scratch.run([](aludel::Call& call) {
    const std::string text = "text";
    const char* const none = nullptr;
    const auto put = [&](const auto& value) {
      CHECK(call.sql("insert into t values (typeof(?1), ?1)").run(value) == 1);
    };
    put(7);
    put(std::uint8_t{200});
    put(INT64_MIN);
    put(std::uint64_t{INT64_MAX});
    put(true);
    put(1.5);
    put(text);
    put(std::string_view("view"));
    put("literal");
    put(std::string_view());
    put(nullptr);
    put(none);
    put(std::nullopt);
    put(std::optional<int>());
    put(std::optional<std::string>("some"));
    put(aludel::Blob{"blob", 4});
    put(std::vector<std::byte>(2, std::byte{'x'}));
  });
  CHECK(scratch.table() ==
        "integer|7\ninteger|200\ninteger|-9223372036854775808\ninteger|9223372036854775807\ninteger|1\nreal|"
        "1.5\n"
        "text|text\ntext|view\ntext|literal\ntext|\nnull|null\nnull|null\nnull|null\nnull|null\ntext|"
        "some\nblob|blob\n"
        "blob|xx");
}

TEST_CASE("run binds as many values as there are at run time") {
  Scratch scratch;
  scratch.run([](aludel::Call& call) {
    const auto put = [&](const aludel::Value& value) {
      const std::vector<aludel::Value> values{value};
      CHECK(call.sql("insert into t values (typeof(?1), ?1)").run(values) == 1);
    };
    put(aludel::Value());
    put(aludel::Value(-7));
    put(aludel::Value(1.5));
    put(aludel::Value(true));
    put(aludel::Value("literal"));
    put(aludel::Value(aludel::Blob{"blob", 4}));
    put(aludel::Value(std::optional<int>()));
    const auto owning = aludel::Value(std::string("its own, and too long for a small string"));
    const aludel::Value copy = owning;  // NOLINT(performance-unnecessary-copy-initialization)
    put(copy);
  });
  CHECK(scratch.table() ==
        "null|null\ninteger|-7\nreal|1.5\ninteger|1\ntext|literal\nblob|blob\nnull|null\n"
        "text|its own, and too long for a small string");
  CHECK(scratch.verdict([](aludel::Call& call) {
    call.sql("insert into t values (?, ?)").run(std::vector<aludel::Value>(3));
  }) == "3 misuse: run \"insert into t values (?, ?)\": wrong number of parameters");
}

TEST_CASE("prepare finds what is wrong with a statement, and the run after it prepares nothing more") {
  Scratch scratch;
  CHECK(scratch.verdict([](aludel::Call& call) { call.sql("insert into u values (1)").prepare(); }) ==
        "3 sql_error: prepare \"insert into u values (1)\": no such table: u");
  scratch.run([](aludel::Call& call) {
    const std::string text = "insert into t values (1, 2)";
    call.sql(text).prepare();
    CHECK(call.sql(text).run() == 1);
  });
  CHECK(scratch.host.prepare_calls() == 2);
  CHECK(scratch.table() == "1|2");
}

TEST_CASE("an unsigned number over 64 signed bits is refused, never wrapped") {
  Scratch scratch;
  CHECK(scratch.verdict([](aludel::Call& call) {
    call.sql("insert into t values (?, ?)").run(std::uint64_t{INT64_MAX} + 1, 0);
  }) == "3 overflow: 9223372036854775808 does not fit SQL's 64 signed bits");
  CHECK(scratch.table().empty());
}

TEST_CASE("rows gives every row with its types") {
  Scratch scratch;
  scratch.host.execute("insert into t values (1, 'one'), (2, 'two'), (3, null)");
  std::string seen;
  scratch.run([&](aludel::Call& call) {
    for (auto [a, b] :
         call.sql("select a, b from t where a <> ? order by a").rows<int, std::optional<std::string>>(2))
      seen += std::to_string(a) + b.value_or("-") + " ";
    for (auto [b] : call.sql("select b from t where b is not null order by a").rows<std::string_view>())
      seen += b;
    for (auto [a] : call.sql("select a from t where a > 99").rows<int>())
      seen += std::to_string(a);
  });
  CHECK(seen == "1one 3- onetwo");
}

TEST_CASE("row and value give the first row, or nothing") {
  Scratch scratch;
  scratch.host.execute("insert into t values (1, 2.5), (3, 4)");
  scratch.run([](aludel::Call& call) {
    const auto row = call.sql("select a, b from t where a = ?").row<std::int64_t, double>(1);
    REQUIRE(row);
    CHECK(std::get<0>(*row) == 1);
    CHECK(std::get<1>(*row) == 2.5);
    CHECK_FALSE(call.sql("select a, b from t where a = ?").row<std::int64_t, double>(2));
    CHECK(call.sql("select a from t order by a desc").value<int>() == 3);
    CHECK_FALSE(call.sql("select a from t where a = 2").value<int>());
    const auto null = call.sql("select null").value<std::optional<int>>();
    REQUIRE(null.has_value());
    CHECK_FALSE(null->has_value());
    CHECK(call.sql("select a = 1 from t").value<bool>() == true);
    CHECK(call.sql("select x'0102'").value<std::vector<std::byte>>()->size() == 2);
  });
}

TEST_CASE("value of INSERT ... RETURNING gives what was written") {
  Scratch scratch;
  scratch.run([](aludel::Call& call) {
    CHECK(call.sql("insert into t values (?, ?) returning a + b").value<int>(2, 3) == 5);
    CHECK(call.last_insert_id() == 1);
  });
  CHECK(scratch.table() == "2|3");
}

TEST_CASE("a column of another type than was asked for fails, and says what it is") {
  Scratch scratch;
  const auto verdict_of = [&](auto type, const char* sql) {
    return scratch.verdict([&](aludel::Call& call) { (void)call.sql(sql).value<decltype(type)>(); });
  };
  CHECK(verdict_of(1, "select 'x'") ==
        R"(3 not_an_integer: column 0 of "select 'x'" is text, not an integer)");
  CHECK(verdict_of(1, "select 1.0") ==
        R"(3 not_an_integer: column 0 of "select 1.0" is a real number, not an integer)");
  CHECK(verdict_of(1, "select null") ==
        R"(3 not_an_integer: column 0 of "select null" is null, not an integer)");
  CHECK(verdict_of(std::string(), "select 1") ==
        R"(3 not_a_text: column 0 of "select 1" is an integer, not text)");
  CHECK(verdict_of(1.0, "select 'x'") == R"(3 not_a_number: column 0 of "select 'x'" is text, not a number)");
  CHECK(verdict_of(std::vector<std::byte>(), "select 'x'") ==
        R"(3 not_a_blob: column 0 of "select 'x'" is text, not a blob)");
  CHECK(verdict_of(std::int8_t{}, "select 128") ==
        R"(3 overflow: column 0 of "select 128" is out of range, allowed is -128 to 127)");
  CHECK(verdict_of(std::uint64_t{}, "select -1") ==
        R"(3 overflow: column 0 of "select -1" is out of range, allowed is 0 to 18446744073709551615)");
  CHECK(verdict_of(1, "select 1, 2") == R"(3 column_count: "select 1, 2" gives 2 columns, 1 were asked for)");
}

TEST_CASE("host errors are exceptions with the host's words") {
  Scratch scratch;
  scratch.host.execute("create table u (a primary key); insert into u values (1)");
  scratch.run([](aludel::Call& call) {
    try {
      call.sql("insert into u values (1)").run();
      FAIL("a constraint was not reported");
    } catch (const aludel::SqlError& error) {
      CHECK(error.result() == ALUDEL_CONSTRAINT);
      CHECK(error.code() == "constraint");
      CHECK(error.message() == "run \"insert into u values (1)\": UNIQUE constraint failed: u.a");
    }
  });
  CHECK(scratch.verdict([](aludel::Call& call) { call.sql("insert into nowhere values (1)").run(); }) ==
        "3 sql_error: prepare \"insert into nowhere values (1)\": no such table: nowhere");
  CHECK(scratch.verdict([](aludel::Call& call) { call.sql("delete from t where a = ?").run(); }) ==
        "3 misuse: run \"delete from t where a = ?\": wrong number of parameters");
}

TEST_CASE("an outage of the host is fatal and a busy database may be tried again") {
  Scratch scratch;
  const auto clear = [](aludel::Call& call) { call.sql("delete from t").run(); };
  scratch.host.fail_next(ALUDEL_IO_ERROR, "disk full");
  CHECK(scratch.verdict(clear) == "4 io_error: run \"delete from t\": disk full");
  scratch.host.fail_next(ALUDEL_BUSY, "locked");
  CHECK(scratch.verdict(clear) == "2 busy: run \"delete from t\": locked");
  scratch.host.fail_next(ALUDEL_BUSY, "SQL \"delete from t\": locked");  // as a host says it: told once
  CHECK(scratch.verdict(clear) == "2 busy: run: SQL \"delete from t\": locked");
}

TEST_CASE("a literal is prepared once, over all calls") {
  Scratch scratch;
  for (int i = 0; i != 5; ++i)
    scratch.run([&](aludel::Call& call) { call.sql("insert into t values (?, 1)").run(i); });
  CHECK(scratch.host.prepare_calls() == 1);
  CHECK(scratch.table() == "0|1\n1|1\n2|1\n3|1\n4|1");
}

TEST_CASE("another text at the same address is another statement") {
  Scratch scratch;
  std::string sql = "insert into t values ('a', 1)";
  scratch.run([&](aludel::Call& call) {
    call.sql(sql).run();
    sql.replace(sql.find('a', 20), 1, "b");
    call.sql(sql).run();
  });
  CHECK(scratch.table() == "a|1\nb|1");
}

TEST_CASE("more statements than the cache has slots all work") {
  Scratch scratch;
  std::vector<std::string> texts;
  for (int i = 0; i != 100; ++i)
    texts.push_back("insert into t values (" + std::to_string(i) + ", 1)");
  scratch.run([&](aludel::Call& call) {
    for (int round = 0; round != 2; ++round)
      for (const std::string& text : texts)
        call.sql(text).run();
  });
  CHECK(scratch.host.rows("select count(*), count(distinct a), sum(a) from t") == "200|100|9900");
  CHECK(scratch.host.statements() == 100);
}

TEST_CASE("a loop over rows is not disturbed by the same statement inside it") {
  Scratch scratch;
  scratch.host.execute("insert into t values (1, 0), (2, 0), (3, 0)");
  std::string seen;
  scratch.run([&](aludel::Call& call) {
    const char* const sql = "select a from t where a >= ? order by a";
    for (auto [a] : call.sql(sql).rows<int>(1)) {
      seen += std::to_string(a) + ":";
      for (auto [b] : call.sql(sql).rows<int>(a))
        seen += std::to_string(b);
      seen += " ";
    }
  });
  CHECK(seen == "1:123 2:23 3:3 ");
}

TEST_CASE("a loop that is left early leaves its statement usable") {
  Scratch scratch;
  scratch.host.execute("insert into t values (1, 0), (2, 0)");
  int seen = 0;
  scratch.run([&](aludel::Call& call) {
    for (int round = 0; round != 2; ++round) {
      for (auto [a] : call.sql("select a from t order by a").rows<int>()) {
        seen += a;
        break;
      }
    }
  });
  CHECK(seen == 2);
  CHECK(scratch.host.prepare_calls() == 1);
}

TEST_CASE("an argument may itself be a query whose statement falls into the same slot") {
  Scratch scratch;
  std::vector<std::string> texts;
  for (int i = 0; i != 64; ++i)
    texts.push_back("select " + std::to_string(100 + i));
  scratch.run([&](aludel::Call& call) {
    for (const std::string& text : texts)
      call.sql("insert into t values (?, 0)").run(call.sql(text).value<int>());
  });
  CHECK(scratch.host.rows("select count(*), sum(a) from t") == "64|8416");
}

TEST_CASE("SQL outside of a call is refused as misuse") {
  FakeHost host;
  aludel::Call call(host.call());
  CHECK_THROWS_AS(call.sql("select 1").run(), aludel::fail);
}

}  // namespace abi_test
