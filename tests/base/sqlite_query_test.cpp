// SPDX-License-Identifier: MIT
#include "base/sqlite_query.hpp"

#include <future>
#include <string>

#include "base/sqlite.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

struct Rig {
  TempDir dir;
  std::filesystem::path file = dir.path() / "p.db";
  std::unique_ptr<Database> writer;

  Rig() {
    auto database = Database::open(file, Database::Mode::create);
    REQUIRE(database);
    writer = std::move(*database);
    REQUIRE(
        writer->execute("create table t (a, b); insert into t values (1, 'x'), (2.5, x'00ff'), (null, '')"));
  }

  // Kinds and values, a row a line; or the error.
  std::string query(const std::string& sql, milliseconds time = std::chrono::seconds(60)) const {
    std::string out;
    const QuerySink sink{[&](const auto& columns) -> Result<void> {
                           for (const auto& column : columns)
                             out += column + " ";
                           return {};
                         },
                         [&](const auto& row) -> Result<void> {
                           for (const auto& value : row)
                             out += std::to_string(value.index()) + " ";
                           return {};
                         }};
    const auto done = run_query(file, sql, time, sink);
    return done ? out : std::string(to_string(done.error().code)) + ": " + done.error().message;
  }
};

}  // namespace

TEST_CASE("a query tells its columns, then its rows with the kinds of their values") {
  const Rig rig;
  CHECK(rig.query("select a, b from t;  -- that is all\n") == "a b 1 3 2 4 0 3 ");
  CHECK(rig.query("select a from t where false") == "a ");
}

TEST_CASE("a query that would change anything, or is none, is refused") {
  const Rig rig;
  CHECK(rig.query("delete from t") == "invalid: query: only reading this projection is allowed");
  CHECK(rig.query("pragma user_version = 5") == "invalid: query: only reading this projection is allowed");
  CHECK(rig.query("") == "invalid: query: there is no statement");
  CHECK(rig.query("select 1; select 2") == "invalid: query: give one statement at a time");
  CHECK(rig.query("selec").find("invalid: query: ") == 0);
}

TEST_CASE("a query follows the views of a handler") {
  const Rig rig;
  REQUIRE(rig.writer->execute("create view v as select b from t where a = 1"));
  CHECK(rig.query("select * from v") == "b 3 ");
}

TEST_CASE("a query of a table that is not there is told those that are") {
  const Rig rig;
  CHECK(rig.query("select * from nowhere").ends_with("p.db); there are t"));
}

TEST_CASE("a query that takes too long is ended") {
  const Rig rig;
  CHECK(rig.query("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
                  milliseconds(20)) == "timed_out: query: stopped after 20ms; ask for less at a time");
}

TEST_CASE("a query sees a projection that another connection is writing, as of its last commit") {
  const Rig rig;
  REQUIRE(rig.writer->execute("begin immediate; insert into t values (3, 'y')"));
  CHECK(rig.query("select a from t") == "a 1 2 0 ");
  REQUIRE(rig.writer->execute("commit"));
  CHECK(rig.query("select a from t") == "a 1 2 0 1 ");
}

TEST_CASE("what the sink answers ends the query") {
  const Rig rig;
  const QuerySink sink{[](const auto&) -> Result<void> { return {}; },
                       [](const auto&) -> Result<void> { return Error(ErrorCode::io, "full"); }};
  const auto done = run_query(rig.file, "select * from t", std::chrono::seconds(60), sink);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "full");
}

TEST_CASE("a projection that is not there is told so") {
  const Rig rig;
  const auto done = run_query(rig.dir.path() / "none.db", "select 1", std::chrono::seconds(60), {});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::not_found);
}

TEST_CASE("tables of full-text search and of ranges are read like others, and only read") {
  const Rig rig;
  REQUIRE(rig.writer->execute(
      "create virtual table words using fts5(body); insert into words values ('some words'), ('others');"
      "create virtual table old using fts4(body); insert into old values ('some words');"
      "create virtual table box using rtree(id, low, high); insert into box values (1, 2, 3), (2, 5, 6)"));
  CHECK(rig.query("select rowid from words where words match 'some'") == "rowid 1 ");
  CHECK(rig.query("select docid from old where old match 'words'") == "docid 1 ");
  CHECK(rig.query("select id from box where low < 4") == "id 1 ");
  for (const auto* sql :
       {"insert into words values ('x')", "insert into words (words) values ('optimize')", "delete from box",
        "update box set low = 0", "insert into box_node values (9, x'00')", "delete from words_data",
        "update old_content set c0body = 'x'", "pragma data_version = 1", "pragma page_size = 1024"}) {
    CAPTURE(sql);
    const auto answer = rig.query(sql);
    const bool refused = answer.starts_with("denied: ") || answer.starts_with("invalid: ");
    CHECK(refused);
  }
  CHECK(rig.query("select rowid from words where words match 'x'") == "rowid ");
  CHECK(rig.query("select id from box") == "id 1 1 ");
}

TEST_CASE("a value that takes more memory than allowed ends the query") {
  const Rig rig;
  CHECK(rig.query("select length(zeroblob(16000000))").starts_with("length(zeroblob(16000000)) "));
  CHECK(rig.query("select length(zeroblob(17000000))") == "invalid: string or blob too big");
}

TEST_CASE("a query that does not look up from one function is given up") {
  const Rig rig;
  std::promise<Error> told;
  // What takes for ever here is the sink: a function of SQLite's would not end with the test.
  std::promise<void> go_on;
  const QuerySink sink{[](const auto&) -> Result<void> { return {}; },
                       [&](const auto&) -> Result<void> {
                         go_on.get_future().wait();
                         return {};
                       }};
  const auto done = run_query(rig.file, "select 1", milliseconds(10), sink, [&](const Error& error) {
    told.set_value(error);
    go_on.set_value();
  });
  const auto error = told.get_future().get();
  CHECK(error.code == ErrorCode::timed_out);
  CHECK(error.message == "query: stopped after 10ms; ask for less at a time");
}

}  // namespace aludel
