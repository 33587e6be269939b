// SPDX-License-Identifier: MIT
#include "bridge_sql.hpp"

#include <cmath>
#include <fstream>
#include <limits>

#include <doctest/doctest.h>
#include <sqlite3.h>

using namespace std::string_view_literals;

namespace aludel {
namespace {

aludel_value integer(std::int64_t number) {
  aludel_value value{};
  value.type = ALUDEL_INTEGER;
  value.as.integer = number;
  return value;
}
aludel_value real(double number) {
  aludel_value value{};
  value.type = ALUDEL_REAL;
  value.as.real = number;
  return value;
}
aludel_value bytes(std::uint32_t type, std::string_view text) {
  aludel_value value{};
  value.type = type;
  value.as.bytes = {text.data(), text.size()};
  return value;
}

}  // namespace

TEST_CASE("values of every type come back as they went") {
  Bridge bridge;
  bridge.bring_up("create table t (id integer primary key, a)");
  const aludel_value values[] = {
      aludel_value{},
      integer(0),
      integer(std::numeric_limits<std::int64_t>::min()),
      integer(std::numeric_limits<std::int64_t>::max()),
      real(0.1),
      real(std::numeric_limits<double>::infinity()),
      bytes(ALUDEL_TEXT, "caf\u00e9"),
      bytes(ALUDEL_TEXT, "a\0b"sv),
      bytes(ALUDEL_TEXT, ""),
      bytes(ALUDEL_TEXT, {}),
      bytes(ALUDEL_BLOB, "\xff\x00\x80"sv),
      bytes(ALUDEL_BLOB, {}),
  };
  for (const auto& value : values) {
    in_handle(bridge, [&](aludel_call* call, const aludel_host* host) {
      CHECK(run(call, "insert or replace into t values (1, ?)", {value}) == ALUDEL_OK);
      auto* select = prepared(call, "select a from t");
      const aludel_value* row = nullptr;
      std::uint64_t count = 0;
      REQUIRE(host->query(call, select, nullptr, 0) == ALUDEL_OK);
      REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
      REQUIRE(count == 1);
      CHECK(row->type == value.type);
      if (value.type == ALUDEL_INTEGER) CHECK(row->as.integer == value.as.integer);
      if (value.type == ALUDEL_REAL) CHECK(row->as.real == value.as.real);
      if (value.type == ALUDEL_TEXT || value.type == ALUDEL_BLOB) {
        CHECK(row->as.bytes.data != nullptr);
        const auto given =
            value.as.bytes.size == 0 ? ""sv : std::string_view(value.as.bytes.data, value.as.bytes.size);
        CHECK(std::string_view(row->as.bytes.data, row->as.bytes.size) == given);
      }
    });
  }
}

TEST_CASE("booleans are stored as integers, JSON as text, NaN as NULL") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host*) {
    auto truth = integer(7);
    truth.type = ALUDEL_BOOLEAN;
    CHECK(run(call, "insert into t values (?)", {truth}) == ALUDEL_OK);
    CHECK(run(call, "insert into t values (?)", {bytes(ALUDEL_JSON, "[1]")}) == ALUDEL_OK);
    CHECK(run(call, "insert into t values (?)", {real(std::nan(""))}) == ALUDEL_OK);
  });
  CHECK(bridge.value("select group_concat(typeof(a) || ' ' || coalesce(a, '-'), ', ') from t") ==
        "integer 1, text [1], null -");
}

TEST_CASE("a value that is none is refused, and the statement does not run") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host*) {
    auto unknown = integer(1);
    unknown.type = 7;
    auto null_bytes = bytes(ALUDEL_TEXT, {});
    null_bytes.as.bytes.size = 3;
    CHECK(run(call, "insert into t values (?)", {unknown}) == ALUDEL_MISUSE);
    CHECK(run(call, "insert into t values (?)", {null_bytes}) == ALUDEL_MISUSE);
    CHECK(run(call, "insert into t values (?)", {bytes(ALUDEL_TEXT, "\xff")}) == ALUDEL_INVALID);
    auto huge = bytes(ALUDEL_BLOB, "x");
    huge.as.bytes.size = std::uint64_t{1} << 40;
    CHECK(run(call, "insert into t values (?)", {huge}) == ALUDEL_TOO_LARGE);
    CHECK(run(call, "insert into t values (?)", {}) == ALUDEL_MISUSE);
    CHECK(run(call, "insert into t values (?)", {integer(1), integer(2)}) == ALUDEL_MISUSE);
    CHECK(run(call, "insert into t values (1)", {integer(1)}) == ALUDEL_MISUSE);
  });
  CHECK(bridge.value("select count(*) from t") == "0");
  CHECK_FALSE(bridge.instance().wrote());
}

TEST_CASE("run tells the rows it changed, and the latest insert is the instance's own") {
  Bridge bridge;
  bridge.bring_up("create table t (id integer primary key, a)");
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    std::int64_t changes = -1;
    CHECK(run(call, "insert into t values (10, 1), (11, 2)", {}, &changes) == ALUDEL_OK);
    CHECK(changes == 2);
    CHECK(run(call, "select * from t", {}, &changes) == ALUDEL_OK);
    CHECK(changes == 0);
    CHECK(run(call, "update t set a = 5 where id > 99", {}, &changes) == ALUDEL_OK);
    CHECK(changes == 0);
    CHECK(run(call, "insert into t values (10, 1)", {}, &changes) == ALUDEL_CONSTRAINT);
    CHECK(changes == 0);
    std::int64_t id = 0;
    CHECK(host->last_insert_id(call, &id) == ALUDEL_OK);
    CHECK(id == 11);
  });
  bridge.execute("create table _aludel_x (id integer primary key); insert into _aludel_x values (500)");
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    std::int64_t id = 0;
    CHECK(run(call, "update t set a = last_insert_rowid() where id = 10") == ALUDEL_OK);
    CHECK(host->last_insert_id(call, &id) == ALUDEL_OK);
    CHECK(id == 11);
  });
  CHECK(bridge.value("select a from t where id = 10") == "11");
}

TEST_CASE("rows are walked to the end, and a walk is reset by done, by use and by the call's end") {
  Bridge bridge;
  bridge.bring_up("create table t (a, b); insert into t values (1, 'x'), (2, 'y')");
  aludel_statement* select = nullptr;
  in_handle(bridge, [&](aludel_call* call, const aludel_host* host) {
    const aludel_value* row = nullptr;
    std::uint64_t count = 0;
    aludel_str name;
    select = prepared(call, "select a, b as named from t where a >= ? order by a");
    CHECK(host->column_name(call, select, 1, &name) == ALUDEL_OK);
    CHECK(std::string(name.data, name.size) == "named");
    CHECK(host->next(call, select, &row, &count) == ALUDEL_MISUSE);  // no query yet
    const auto from = integer(1);
    REQUIRE(host->query(call, select, &from, 1) == ALUDEL_OK);
    REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
    CHECK(count == 2);
    CHECK(row[0].as.integer == 1);
    REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
    CHECK(std::string(row[1].as.bytes.data) == "y");
    CHECK(host->next(call, select, &row, &count) == ALUDEL_DONE);
    CHECK(row == nullptr);
    CHECK(count == 0);
    CHECK(host->next(call, select, &row, &count) == ALUDEL_MISUSE);
    // Left in the middle:
    REQUIRE(host->query(call, select, &from, 1) == ALUDEL_OK);
    REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
  });
  // No statement is open any more: the host may change the schema and commit.
  bridge.execute("drop table t; create table t (a, b); commit; begin");
  in_handle(bridge, [&](aludel_call* call, const aludel_host* host) {
    const aludel_value* row = nullptr;
    std::uint64_t count = 0;
    CHECK(host->next(call, select, &row, &count) == ALUDEL_MISUSE);
  });
}

TEST_CASE("query keeps copies of its values") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    auto* select = prepared(call, "select ?");
    std::string text = "original";
    const auto value = bytes(ALUDEL_TEXT, text);
    REQUIRE(host->query(call, select, &value, 1) == ALUDEL_OK);
    text = "changed!";
    const aludel_value* row = nullptr;
    std::uint64_t count = 0;
    REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
    CHECK(std::string(row->as.bytes.data) == "original");
  });
}

TEST_CASE("the same text is the same statement, unless that is being walked") {
  Bridge bridge;
  bridge.bring_up("create table t (a); insert into t values (1)");
  aludel_statement* kept = nullptr;
  in_handle(bridge, [&](aludel_call* call, const aludel_host* host) {
    kept = prepared(call, "select a from t");
    CHECK(prepared(call, "select a from t") == kept);
    CHECK(prepared(call, "select a from t ") != kept);
    REQUIRE(host->query(call, kept, nullptr, 0) == ALUDEL_OK);
    auto* inner = prepared(call, "select a from t");
    CHECK(inner != kept);
    const aludel_value* row = nullptr;
    std::uint64_t count = 0;
    REQUIRE(host->query(call, inner, nullptr, 0) == ALUDEL_OK);
    CHECK(host->next(call, inner, &row, &count) == ALUDEL_ROW);
    CHECK(host->next(call, kept, &row, &count) == ALUDEL_ROW);
  });
  in_handle(bridge,
            [&](aludel_call* call, const aludel_host*) { CHECK(prepared(call, "select a from t") == kept); });
}

TEST_CASE("there are at most 1,024 statements") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    aludel_statement* statement = nullptr;
    for (int i = 0; i < 1'024; ++i) {
      const auto sql = "select " + std::to_string(i);
      REQUIRE(host->prepare(call, sql.data(), sql.size(), &statement) == ALUDEL_OK);
    }
    CHECK(host->prepare(call, ALUDEL_LIT("select 'one more'"), &statement) == ALUDEL_LIMIT);
    CHECK(statement == nullptr);
    CHECK(host->prepare(call, ALUDEL_LIT("select 5"), &statement) == ALUDEL_OK);
  });
}

TEST_CASE("SQL that is none, or more than one statement, or no text, is refused") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    const auto result = [&](std::string_view sql) {
      aludel_statement* statement = nullptr;
      return host->prepare(call, sql.data(), sql.size(), &statement);
    };
    CHECK(result("select 1; -- that is all") == ALUDEL_OK);
    for (const auto sql : {""sv, std::string_view(), " -- nothing"sv, "nonsense"sv, "select 1; select 2"sv,
                           "select * from missing"sv}) {
      CHECK(result(sql) == ALUDEL_SQL_ERROR);
    }
    CHECK(result("select '\xff'") == ALUDEL_INVALID);
    CHECK(result("select 1\0"sv) == ALUDEL_INVALID);
    CHECK(result(std::string(1'100'000, ' ')) == ALUDEL_TOO_LARGE);
  });
}

TEST_CASE("exec runs one or more statements, without parameters") {
  Bridge bridge;
  bridge.bring_up("create table t (a); -- comment\n insert into t values (1);; select * from t;\n");
  CHECK(bridge.value("select count(*) from t") == "1");
  CHECK(bridge.in(Stage::migrate, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->exec(call, ALUDEL_LIT("insert into t values (2); insert into t values (?)")) ==
          ALUDEL_MISUSE);
    CHECK(host->exec(call, ALUDEL_LIT("insert into t values (3); nonsense")) == ALUDEL_SQL_ERROR);
    CHECK(host->exec(call, ALUDEL_LIT("")) == ALUDEL_OK);
    return ALUDEL_HANDLED;
  }) == Outcome::handled);
  CHECK(bridge.value("select count(*) from t") == "3");
  CHECK(bridge.instance().wrote());
}

TEST_CASE("wrote is exact for what succeeded, and true for a write that failed") {
  struct Row {
    std::string_view sql;
    bool wrote;
  };
  const Row rows[] = {
      {"select * from t", false},
      {"insert into t values (5, 'x')", true},
      {"update t set b = 'x' where a = 1", true},
      {"update t set b = 'x' where a = 99", false},
      {"delete from t where a = 99", false},
      {"insert or ignore into t values (1, 'x')", false},
      {"insert into t values (1, 'x')", true},
      {"insert or fail into t values (6, 'x'), (1, 'x')", true},
      {"insert into t values (7, 'x') returning a", true},
      {"delete from t", true},
      {"insert into words (body) values ('x')", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sql);
    Bridge bridge;
    bridge.bring_up(
        "create table t (a integer primary key, b); insert into t values (1, 'a');"
        "create virtual table words using fts5(body)");
    in_handle(bridge, [&](aludel_call* call, const aludel_host*) { run(call, row.sql); });
    CHECK(bridge.instance().wrote() == row.wrote);
    in_handle(bridge, [](aludel_call*, const aludel_host*) {});
    CHECK_FALSE(bridge.instance().wrote());
  }
}

TEST_CASE("a RETURNING statement that is left after its first row has written") {
  Bridge bridge;
  bridge.bring_up();
  in_handle(bridge, [](aludel_call* call, const aludel_host* host) {
    auto* insert = prepared(call, "insert into t values (1), (2) returning a");
    const aludel_value* row = nullptr;
    std::uint64_t count = 0;
    REQUIRE(host->query(call, insert, nullptr, 0) == ALUDEL_OK);
    REQUIRE(host->next(call, insert, &row, &count) == ALUDEL_ROW);
  });
  CHECK(bridge.instance().wrote());
  CHECK(bridge.value("select count(*) from t") == "2");
}

TEST_CASE("a constraint is reported with SQLite's words") {
  Bridge bridge;
  bridge.bring_up("create table t (a integer primary key, check (a > 0))");
  CHECK(bridge.in(Stage::handle, [](aludel_call* call, const aludel_host*, const aludel_event*) {
    CHECK(run(call, "insert into t values (?)", {integer(-1)}) == ALUDEL_CONSTRAINT);
    return ALUDEL_FAIL;
  }) == Outcome::fail);
  CHECK(bridge.instance().error().code == "constraint");
  CHECK(bridge.instance().error().message ==
        "SQL \"insert into t values (?)\": CHECK constraint failed: a > 0");
  CHECK_FALSE(bridge.instance().transaction_lost());
}

TEST_CASE("a statement that ends the host's transaction fails the call, and no more SQL is served in it") {
  for (const std::string_view sql : {"insert or rollback into t values (1)", "insert into guarded values (1)",
                                     "update or rollback t set a = 1 where a = 2"}) {
    CAPTURE(sql);
    Bridge bridge;
    bridge.bring_up(
        "create table t (a integer primary key); insert into t values (1), (2);"
        "create table guarded (a);"
        "create trigger g before insert on guarded begin select raise(rollback, 'not so'); end");
    bridge.execute("commit; begin immediate");
    CHECK(in_handle(bridge, [&](aludel_call* call, const aludel_host* host) {
            auto* select = prepared(call, "select a from t");
            const aludel_value* row = nullptr;
            std::uint64_t count = 0;
            REQUIRE(host->query(call, select, nullptr, 0) == ALUDEL_OK);
            REQUIRE(host->next(call, select, &row, &count) == ALUDEL_ROW);
            CHECK(run(call, sql) == ALUDEL_CONSTRAINT);
            CHECK(run(call, "insert into t values (50)") == ALUDEL_DENIED);
            CHECK(run(call, "select 1") == ALUDEL_DENIED);
            CHECK(host->next(call, select, &row, &count) == ALUDEL_DENIED);
          }) == Outcome::fail);
    CHECK(bridge.instance().transaction_lost());
    CHECK(bridge.instance().error().code == "transaction_lost");
    CHECK_FALSE(bridge.database().in_transaction());
    bridge.execute("begin immediate");
    CHECK(in_handle(bridge, [](aludel_call* call, const aludel_host*) {
            CHECK(run(call, "insert into t values (50)") == ALUDEL_OK);
          }) == Outcome::handled);
    CHECK_FALSE(bridge.instance().transaction_lost());
  }
}

TEST_CASE("a handler that says why its transaction was lost is believed") {
  Bridge bridge;
  bridge.bring_up("create table t (a integer primary key); insert into t values (1)");
  CHECK(bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    run(call, "insert or rollback into t values (1)");
    const aludel_error error{sizeof error, 0, ALUDEL_STR("twice"), ALUDEL_STR("again"),
                             {nullptr, 0}, 0, UINT64_MAX};
    host->set_error(call, &error);
    return ALUDEL_FAIL;
  }) == Outcome::fail);
  CHECK(bridge.instance().error().code == "twice");
  CHECK(bridge.instance().transaction_lost());
}

TEST_CASE("SQL outside of a transaction is denied, as it would commit by itself") {
  Bridge bridge;
  bridge.bring_up();
  bridge.execute("commit");
  in_handle(bridge, [](aludel_call* call, const aludel_host*) {
    CHECK(run(call, "insert into t values (1)") == ALUDEL_DENIED);
  });
  CHECK(bridge.value("select count(*) from t") == "0");
}

TEST_CASE("a full disk makes the outcome fatal, whatever the handler reports and says") {
  for (const std::int32_t reported : {ALUDEL_HANDLED, ALUDEL_SKIP, ALUDEL_RETRY, ALUDEL_FAIL, ALUDEL_FATAL}) {
    Bridge bridge;
    bridge.bring_up();
    bridge.execute("commit");
    CHECK(bridge.value("pragma max_page_count = 3") == "3");
    bridge.execute("begin immediate");
    CHECK(
        bridge.in(Stage::handle, [reported](aludel_call* call, const aludel_host* host, const aludel_event*) {
          CHECK(run(call, "insert into t values (zeroblob(100000))") == ALUDEL_IO_ERROR);
          const aludel_error error{sizeof error, 0, ALUDEL_STR("mine"), ALUDEL_STR("m"),
                                   {nullptr, 0}, 0, UINT64_MAX};
          host->set_error(call, &error);
          return reported;
        }) == Outcome::fatal);
    CHECK(bridge.instance().error().code == "disk_full");
    CHECK(bridge.instance().error().message.find("database or disk is full") != std::string::npos);
    CHECK(bridge.instance().wrote());
  }
}

TEST_CASE("running out of memory makes the outcome fatal") {
  Bridge bridge;
  bridge.bring_up();
  const auto limit_before = sqlite3_hard_heap_limit64(sqlite3_memory_used() + 1'000'000);
  CHECK(in_handle(bridge, [](aludel_call* call, const aludel_host*) {
          CHECK(run(call, "insert into t values (zeroblob(50000000) || 'x')") == ALUDEL_IO_ERROR);
        }) == Outcome::fatal);
  sqlite3_hard_heap_limit64(limit_before);
  CHECK(bridge.instance().error().code == "memory");
}

TEST_CASE("a damaged projection makes the outcome fatal") {
  Bridge bridge("org.example.scripted", true, [](const std::filesystem::path& file) {
    {
      auto database = Database::open(file, Database::Mode::create).value();
      REQUIRE(
          database->execute("create table u (a); insert into u values (zeroblob(100000));"
                            "pragma wal_checkpoint(truncate)"));
    }
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(4096);  // the table's root
    damaged << std::string(4096, '?');
  });
  bridge.bring_up();
  CHECK(in_handle(bridge, [](aludel_call* call, const aludel_host*) {
          CHECK(run(call, "select * from u") == ALUDEL_IO_ERROR);
        }) == Outcome::fatal);
  CHECK(bridge.instance().error().code == "corrupt");
}

}  // namespace aludel
