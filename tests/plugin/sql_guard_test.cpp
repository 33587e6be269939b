// SPDX-License-Identifier: MIT
#include "plugin/sql_guard.hpp"

#include <doctest/doctest.h>

#include "bridge.hpp"

namespace aludel {
namespace {

constexpr const char* schema =
    "create table t (a integer primary key, b text);"
    "create table counted (n integer primary key autoincrement);"
    "create view v as select a from t;"
    "create view over_host as select * from _aludel_cursor;"
    "create virtual table words using fts5(body);"
    "create virtual table box using rtree(id, low, high);"
    "create trigger reaching after insert on counted begin update _aludel_cursor set next = 0; end;"
    "insert into t values (1, 'x')";

enum class Where { nowhere, migrate, everywhere };

// Prepares and runs, as a handler would in the open call. The result of what failed first.
std::int32_t try_sql(aludel_call* call, std::string_view sql) {
  aludel_statement* statement = nullptr;
  const auto prepared = call->host->prepare(call, sql.data(), sql.size(), &statement);
  return prepared != ALUDEL_OK ? prepared : call->host->run(call, statement, nullptr, 0, nullptr);
}

std::string error_of(aludel_call* call) {
  aludel_str code;
  aludel_str message;
  call->host->last_error(call, &code, &message);
  return std::string(code.data) + ": " + message.data;
}

// A projection as a processor leaves it, with a table of the host's.
class GuardedBridge : public Bridge {
 public:
  GuardedBridge() {
    execute("create table _aludel_cursor (next integer); insert into _aludel_cursor values (5)");
    execute("create index _aludel_index on _aludel_cursor (next)");
    bring_up(schema);
    execute("commit; begin immediate");
  }
  void undo() { execute("rollback; begin immediate"); }
};

constexpr std::string_view host_objects =
    "select count(*) from sqlite_schema where name like '\\_aludel\\_%' escape '\\'";

}  // namespace

TEST_CASE("what SQL a handler may run, by stage") {
  struct Row {
    Where allowed;
    std::string_view sql;
  };
  const Row rows[] = {
      // Data is the handler's.
      {Where::everywhere, "select * from t"},
      {Where::everywhere, "insert into t values (2, 'y')"},
      {Where::everywhere, "insert or replace into t values (1, 'z')"},
      {Where::everywhere, "insert into t values (1, 'z') on conflict (a) do update set b = excluded.b"},
      {Where::everywhere, "insert into t values (3, 'r') returning a"},
      {Where::everywhere, "update t set b = 'c' where a = 1"},
      {Where::everywhere, "delete from t"},
      {Where::everywhere, "select * from v"},
      {Where::everywhere,
       "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select * from n"},
      {Where::everywhere, "select count(*) from t where b like 'x%'"},
      {Where::everywhere, "select json_extract('{\"a\":1}', '$.a'), '[1]' ->> '$[0]'"},
      {Where::everywhere, "select value from json_each('[1,2]')"},
      {Where::everywhere, "select datetime('now'), current_timestamp, unixepoch()"},
      {Where::everywhere, "select name from sqlite_schema"},
      {Where::everywhere, "insert into words (body) values ('some words')"},
      {Where::everywhere, "select rowid from words where words match 'some'"},
      {Where::everywhere, "insert into words (words) values ('optimize')"},
      {Where::everywhere, "insert into box values (1, 2, 3)"},
      {Where::everywhere, "select name from pragma_table_info('t')"},
      {Where::everywhere, "pragma table_info(t)"},
      {Where::everywhere, "pragma index_list('t')"},
      {Where::everywhere, "pragma user_version"},
      {Where::everywhere, "explain query plan select * from t"},
      {Where::everywhere, "select '_aludel_cursor' as _aludel_text"},
      // The schema changes in migrate only.
      {Where::migrate, "create table u (a)"},
      {Where::migrate, "create table u as select * from t"},
      {Where::migrate, "create index i on t (b)"},
      {Where::migrate, "create view w as select * from t"},
      {Where::migrate, "create trigger tr after insert on t begin delete from t; end"},
      {Where::migrate, "create virtual table more using fts5(a)"},
      {Where::migrate, "alter table t add column c"},
      {Where::migrate, "alter table t rename to t2"},
      {Where::migrate, "drop table t"},
      {Where::migrate, "drop view v"},
      {Where::migrate, "drop table words"},
      {Where::migrate, "reindex"},
      {Where::migrate, "analyze"},
      // The transaction is the host's.
      {Where::nowhere, "begin"},
      {Where::nowhere, "begin immediate"},
      {Where::nowhere, "commit"},
      {Where::nowhere, "end"},
      {Where::nowhere, "rollback"},
      {Where::nowhere, "savepoint s"},
      {Where::nowhere, "release s"},
      {Where::nowhere, "rollback to s"},
      // So is all outside of the projection.
      {Where::nowhere, "attach ':memory:' as other"},
      {Where::nowhere, "detach main"},
      {Where::nowhere, "vacuum"},
      {Where::nowhere, "vacuum into '/tmp/aludel-test-never.db'"},
      {Where::nowhere, "select load_extension('libm.so.6')"},
      {Where::nowhere, "create virtual table d using dbstat"},
      {Where::nowhere, "create temp table tt (a)"},
      {Where::nowhere, "create temp view tv as select 1"},
      {Where::nowhere, "create temp trigger ttr after insert on t begin delete from t; end"},
      // And how the connection works.
      {Where::nowhere, "pragma journal_mode = delete"},
      {Where::nowhere, "pragma synchronous = off"},
      {Where::nowhere, "pragma writable_schema = on"},
      {Where::nowhere, "pragma foreign_keys = off"},
      {Where::nowhere, "pragma wal_checkpoint"},
      {Where::nowhere, "pragma user_version = 3"},
      {Where::nowhere, "pragma max_page_count = 1"},
      {Where::nowhere, "pragma query_only = on"},
      {Where::nowhere, "pragma temp_store_directory = '/tmp'"},
      {Where::nowhere, "select * from pragma_journal_mode"},
      // What differs from run to run would make a rebuild differ.
      {Where::nowhere, "select random()"},
      {Where::nowhere, "select hex(randomblob(4))"},
      {Where::nowhere, "insert into t values (9, random())"},
      {Where::nowhere, "select total_changes()"},
      {Where::nowhere, "select sql from sqlite_stmt"},
      {Where::nowhere, "select * from dbstat"},
      // Names of the host's are the host's, in whatever form.
      {Where::nowhere, "select * from _aludel_cursor"},
      {Where::nowhere, "select count(*) from _ALUDEL_Cursor"},
      {Where::nowhere, "select * from main.\"_aludel_cursor\""},
      {Where::nowhere, "select * from t where a in (select next from _aludel_cursor)"},
      {Where::nowhere, "insert into t select next, '' from _aludel_cursor"},
      {Where::nowhere, "update _aludel_cursor set next = 0"},
      {Where::nowhere, "update t set b = (select next from _aludel_cursor)"},
      {Where::nowhere, "delete from _aludel_cursor"},
      {Where::nowhere, "insert into _aludel_cursor values (1)"},
      {Where::nowhere, "select * from over_host"},
      {Where::nowhere, "insert into counted default values"},
      {Where::nowhere, "create table _aludel_x (a)"},
      {Where::nowhere, "create table _Aludel_x (a)"},
      {Where::nowhere, "create index _aludel_i on t (b)"},
      {Where::nowhere, "create index i on _aludel_cursor (next)"},
      {Where::nowhere, "create view _aludel_v as select 1"},
      {Where::nowhere, "create trigger _aludel_tr after insert on t begin delete from t; end"},
      {Where::nowhere, "create trigger tr after update on _aludel_cursor begin delete from t; end"},
      {Where::nowhere, "create virtual table _aludel_words using fts5(a)"},
      {Where::nowhere, "alter table _aludel_cursor rename to mine"},
      {Where::nowhere, "alter table _aludel_cursor add column x"},
      {Where::nowhere, "drop table _aludel_cursor"},
      {Where::nowhere, "drop index _aludel_index"},
      {Where::nowhere, "pragma writable_schema"},
  };
  GuardedBridge bridge;
  for (const auto& row : rows) {
    for (const auto stage : {Stage::migrate, Stage::handle, Stage::flush}) {
      CAPTURE(row.sql);
      CAPTURE(to_string(stage));
      const bool allowed =
          row.allowed == Where::everywhere || (row.allowed == Where::migrate && stage == Stage::migrate);
      bridge.in(stage, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
        const auto result = try_sql(call, row.sql);
        CHECK_MESSAGE((result == ALUDEL_OK) == allowed, error_of(call));
        return ALUDEL_HANDLED;
      });
      CHECK(bridge.database().in_transaction());
      CHECK(bridge.value("select next from _aludel_cursor") == "5");
      CHECK(bridge.value(host_objects) == "2");
      bridge.undo();
    }
  }
}

TEST_CASE("a denial says which rule it is") {
  GuardedBridge bridge;
  struct Row {
    std::string_view sql;
    std::string_view words;
  };
  const Row rows[] = {
      {"begin", "the transaction is the host's"},
      {"create table u (a)", "the schema is changed in migrate() only"},
      {"create temp table u (a)", "temporary tables do not outlive the process"},
      {"attach 'x' as y", "a handler has one database, its projection"},
      {"pragma journal_mode", "the pragma journal_mode is the host's"},
      {"select random()", "the function random() is not for handlers"},
      {"select * from sqlite_stmt", "sqlite_stmt differs from run to run"},
      {"select * from _aludel_cursor", "names that begin with _aludel_ are the host's"},
      {"select * from over_host", "names that begin with _aludel_ are the host's"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sql);
    bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
      CHECK(try_sql(call, row.sql) == ALUDEL_DENIED);
      const auto error = error_of(call);
      CHECK_MESSAGE(error.starts_with("denied: SQL \"" + std::string(row.sql) + "\": "), error);
      CHECK_MESSAGE(error.find(row.words) != std::string::npos, error);
      return ALUDEL_HANDLED;
    });
  }
}

TEST_CASE("chance does not get in through the definition of a column") {
  for (const std::string chance : {"random()", "randomblob(4)", "1 + random()"}) {
    CAPTURE(chance);
    GuardedBridge bridge;
    bridge.in(Stage::migrate, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
      CHECK(try_sql(call, "create table lots (a, b default (" + chance + "))") == ALUDEL_OK);
      return ALUDEL_HANDLED;
    });
    bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
      CHECK(try_sql(call, "insert into lots (a) values (1)") != ALUDEL_OK);
      CHECK_MESSAGE(error_of(call).find("not for handlers") != std::string::npos, error_of(call));
      CHECK(try_sql(call, "insert into lots values (1, 2)") == ALUDEL_OK);
      return ALUDEL_HANDLED;
    });
  }
}

TEST_CASE("a statement that changes the schema, prepared in migrate, does not run later") {
  GuardedBridge bridge;
  aludel_statement* kept = nullptr;
  bridge.in(Stage::migrate, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    return host->prepare(call, ALUDEL_LIT("drop table t"), &kept);
  });
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    CHECK(host->run(call, kept, nullptr, 0, nullptr) == ALUDEL_DENIED);
    CHECK(host->query(call, kept, nullptr, 0) == ALUDEL_DENIED);
    return ALUDEL_HANDLED;
  });
  CHECK(bridge.value("select count(*) from t") == "1");
}

TEST_CASE("a table that is renamed into the host's names is noticed at the end of migrate") {
  GuardedBridge bridge;
  for (const std::string_view sql :
       {"alter table t rename to _aludel_t", "alter table t rename to _ALUDEL_T"}) {
    CAPTURE(sql);
    CHECK(bridge.in(Stage::migrate, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
      CHECK(try_sql(call, sql) == ALUDEL_OK);
      return ALUDEL_HANDLED;
    }) == Outcome::fail);
    CHECK(bridge.instance().error().code == "denied");
    bridge.undo();
  }
}

TEST_CASE("a foreign key to a table of the host's, which no commit would pass, is noticed in migrate") {
  GuardedBridge bridge;
  for (const std::string_view sql :
       {"create table f (x references _aludel_cursor (handled))", "create table f (x references _ALUDEL_t)",
        "alter table t add column x references _aludel_cursor"}) {
    CAPTURE(sql);
    CHECK(bridge.in(Stage::migrate, [&](aludel_call* call, const aludel_host*, const aludel_event*) {
      CHECK(try_sql(call, sql) == ALUDEL_OK);
      return ALUDEL_HANDLED;
    }) == Outcome::fail);
    CHECK(bridge.instance().error().code == "denied");
    bridge.undo();
  }
}

TEST_CASE("the host's own SQL passes, also what was prepared before the guard stood") {
  const TempDir dir;
  auto database = Database::open(dir.path() / "p.db", Database::Mode::create).value();
  REQUIRE(database->execute("create table _aludel_cursor (next integer)"));
  auto before = database->prepare("insert into _aludel_cursor values (1)").value();
  {
    SqlGuard guard(*database);
    CHECK(before.run());
    CHECK(database->execute("begin; update _aludel_cursor set next = 2; commit; pragma wal_checkpoint"));
    guard.set_stage(Stage::handle);
    CHECK_FALSE(database->execute("begin"));
    guard.set_stage(Stage::none);
    CHECK(database->execute("begin; rollback"));
  }
  CHECK(database->execute("begin; rollback"));
}

}  // namespace aludel
