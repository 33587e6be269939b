// SPDX-License-Identifier: MIT
#include "base/sqlite.hpp"

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/sqlite_clock_vfs.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"
#include "support/wal_syncs.hpp"

using namespace std::string_view_literals;

namespace aludel {
namespace {

std::unique_ptr<Database> must_open(const std::filesystem::path& path, std::string_view vfs = {}) {
  auto opened = Database::open(path, Database::Mode::create, vfs);
  REQUIRE(opened);
  return std::move(*opened);
}

std::string text_of(Database& db, std::string_view sql) {
  auto statement = db.prepare(sql);
  REQUIRE(statement);
  const auto row = statement->step();
  REQUIRE(row);
  REQUIRE(*row);
  return std::string(statement->text(0));
}

}  // namespace

TEST_CASE("a database keeps what was bound, type by type") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  REQUIRE(db->execute("create table t (i, r, s, b, n)"));
  auto insert = db->prepare("insert into t values (?, ?, ?, ?, ?)");
  REQUIRE(insert);
  insert->bind(1, std::int64_t{-1}).bind(2, 0.5).bind(3, "a\0b"sv).bind_blob(4, "\xff\0"sv).bind_null(5);
  REQUIRE(insert->run());
  auto select = db->prepare("select i, r, s, b, n, typeof(r), typeof(b) from t");
  REQUIRE(select);
  const auto row = select->step();
  REQUIRE(row);
  REQUIRE(*row);
  CHECK(select->integer(0) == -1);
  CHECK(select->text(1) == "0.5");
  CHECK(select->text(2) == "a\0b"sv);
  CHECK(select->blob(3) == "\xff\0"sv);
  CHECK(select->is_null(4));
  CHECK(select->text(5) == "real");
  CHECK(select->text(6) == "blob");
  CHECK(select->step().value() == false);
}

TEST_CASE("an empty string is bound as empty, not as NULL") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  auto select = db->prepare("select typeof(?1), typeof(?2)");
  REQUIRE(select);
  select->bind(1, std::string_view{}).bind_blob(2, std::string_view{});
  REQUIRE(select->step().value());
  CHECK(select->text(0) == "text");
  CHECK(select->text(1) == "blob");
}

TEST_CASE("every connection has the host's settings") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  CHECK(text_of(*db, "pragma journal_mode") == "wal");
  CHECK(text_of(*db, "pragma foreign_keys") == "1");
  CHECK(text_of(*db, "pragma secure_delete") == "0");
  CHECK(text_of(*db, "pragma trusted_schema") == "0");
  const auto loaded = db->execute("select load_extension('libm.so.6')");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.find("not authorized") != std::string::npos);
}

TEST_CASE("the WAL stays when the last writer leaves") {
  const TempDir dir;
  must_open(dir.path() / "p.db")->execute("create table t (a)").value();
  CHECK(std::filesystem::exists(dir.path() / "p.db-wal"));
}

TEST_CASE("opening tells missing, denied and damaged files apart, and names them") {
  const TempDir dir;
  const auto missing = Database::open(dir.path() / "no.db", Database::Mode::read_only);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(missing.error().message.find("no.db") != std::string::npos);

  std::ofstream(dir.path() / "text.db") << std::string(4096, 'x');
  const auto damaged = Database::open(dir.path() / "text.db", Database::Mode::read_write);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == ErrorCode::corrupt);
  CHECK(damaged.error().message.find("text.db") != std::string::npos);

  const auto folder = Database::open(dir.path(), Database::Mode::read_write);
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::corrupt);
}

TEST_CASE("a pipe in place of a database, or of what lies beside one, is told and not waited for") {
  for (const auto* name : {"p.db", "p.db-wal", "p.db-shm", "p.db-journal"}) {
    for (const auto mode : {Database::Mode::read_only, Database::Mode::read_write, Database::Mode::create}) {
      CAPTURE(name);
      const TempDir dir;
      must_open(dir.path() / "p.db")->execute("create table t (a)").value();
      std::filesystem::create_symlink("p.db", dir.path() / "link");
      std::filesystem::remove(dir.path() / name);
      REQUIRE(::mkfifo((dir.path() / name).c_str(), 0600) == 0);
      const auto opened = Database::open(dir.path() / "link", mode);
      REQUIRE_FALSE(opened);
      CHECK(opened.error().code == ErrorCode::corrupt);
      CHECK(opened.error().message.find(": it is a pipe") != std::string::npos);
    }
  }
}

TEST_CASE("a name that SQLite would take for a URI or for memory is a file") {
  const TempDir dir;
  for (const auto* name : {"file:x?mode=memory", ":memory:"}) {
    must_open(dir.path() / name)->execute("create table t (a)").value();
    CHECK(std::filesystem::exists(dir.path() / name));
  }
}

TEST_CASE("a reader cannot write") {
  const TempDir dir;
  auto writer = must_open(dir.path() / "p.db");
  REQUIRE(writer->execute("create table t (a)"));
  auto reader = Database::open(dir.path() / "p.db", Database::Mode::read_only);
  REQUIRE(reader);
  const auto written = (*reader)->execute("insert into t values (1)");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::denied);
  CHECK(written.error().message == "write to the database: attempt to write a readonly database (" +
                                       (dir.path() / "p.db").string() +
                                       "): run as the owner of that file, on a disk that can be written");
}

TEST_CASE("a reader of the host's follows no view") {
  const TempDir dir;
  auto writer = must_open(dir.path() / "p.db");
  REQUIRE(writer->execute("create table t (a); create view v as select a from t"));
  for (const auto& reader : {Database::open(dir.path() / "p.db", Database::Mode::read_only),
                             Database::look(dir.path() / "p.db")}) {
    REQUIRE(reader);
    CHECK((*reader)->prepare("select a from t"));
    const auto followed = (*reader)->prepare("select a from v");
    REQUIRE_FALSE(followed);
    CHECK(followed.error().message.find("access to view \"v\" prohibited") != std::string::npos);
  }
}

TEST_CASE("a look ends when its time is over, and says what that may mean") {
  const TempDir dir;
  must_open(dir.path() / "p.db")->execute("create table t (a)").value();
  const auto look = Database::look(dir.path() / "p.db", std::chrono::milliseconds(50));
  REQUIRE(look);
  const auto ended = (*look)->execute(
      "with recursive c (x) as (select 1 union all select x + 1 from c) select max(x) from c");
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::timed_out);
  CHECK(ended.error().message.find("p.db): it takes too long to be read, its tables may be damaged") !=
        std::string::npos);
}

TEST_CASE("exactly one statement is prepared") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  CHECK(db->prepare("select 1; -- that is all\n"));
  for (const auto sql :
       {""sv, " -- nothing"sv, "select 1; select 2"sv, "select 1; nonsense"sv, "nonsense"sv}) {
    const auto prepared = db->prepare(sql);
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().code == ErrorCode::invalid);
  }
}

TEST_CASE("a full disk is told with the file, a failed statement with its text too") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  REQUIRE(db->execute("create table t (a unique)"));
  auto insert = db->prepare("insert into t values (?)");
  REQUIRE(insert);
  REQUIRE(insert->bind(1, std::int64_t{1}).run());
  const auto twice = insert->run();
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == ErrorCode::invalid);
  CHECK(twice.error().message.find("insert into t values (?)") != std::string::npos);
  CHECK(twice.error().message.find("UNIQUE constraint failed: t.a") != std::string::npos);
  CHECK(twice.error().message.find("p.db") != std::string::npos);

  REQUIRE(text_of(*db, "pragma max_page_count = 1") != "");
  const auto full = db->execute("insert into t values (zeroblob(1000000))");
  REQUIRE_FALSE(full);
  CHECK(full.error().code == ErrorCode::disk_full);
  CHECK(full.error().message.find("p.db): make room") != std::string::npos);
  CHECK(full.error().message.find("zeroblob") == std::string::npos);
}

TEST_CASE("SQLite's results are the kinds of failure that they are") {
  struct Row {
    int result;
    int error_number;
    ErrorCode code;
  };
  const Row rows[] = {
      {SQLITE_FULL, 0, ErrorCode::disk_full},     {SQLITE_IOERR_WRITE, EIO, ErrorCode::io},
      {SQLITE_IOERR_NOMEM, 0, ErrorCode::memory}, {SQLITE_IOERR_CORRUPTFS, 0, ErrorCode::corrupt},
      {SQLITE_CANTOPEN, EMFILE, ErrorCode::io},   {SQLITE_CANTOPEN, EACCES, ErrorCode::denied},
      {SQLITE_NOMEM, 0, ErrorCode::memory},       {SQLITE_CORRUPT_INDEX, 0, ErrorCode::corrupt},
      {SQLITE_NOTADB, 0, ErrorCode::corrupt},     {SQLITE_BUSY_SNAPSHOT, 0, ErrorCode::locked},
      {SQLITE_LOCKED, 0, ErrorCode::locked},      {SQLITE_READONLY_DBMOVED, 0, ErrorCode::denied},
      {SQLITE_AUTH, 0, ErrorCode::denied},        {SQLITE_CONSTRAINT_UNIQUE, 0, ErrorCode::invalid},
      {SQLITE_ERROR, 0, ErrorCode::invalid},
  };
  for (const auto& row : rows) {
    CAPTURE(row.result);
    CHECK(sqlite_error_code(row.result, row.error_number) == row.code);
  }
}

TEST_CASE("a transaction and the rows changed are seen") {
  const TempDir dir;
  auto db = must_open(dir.path() / "p.db");
  REQUIRE(db->execute("create table t (a)"));
  CHECK_FALSE(db->in_transaction());
  REQUIRE(db->execute("begin immediate; insert into t values (1), (2)"));
  CHECK(db->in_transaction());
  CHECK(db->total_changes() == 2);
  REQUIRE(db->execute("rollback"));
  CHECK_FALSE(db->in_transaction());
}

TEST_CASE("a database on a clock VFS takes the time from it") {
  const TempDir dir;
  ClockVfs clock;
  ClockVfs other;
  CHECK(clock.name() != other.name());
  auto db = must_open(dir.path() / "p.db", clock.name());
  const auto now = [&] { return text_of(*db, "select strftime('%Y-%m-%dT%H:%M:%f', 'now')"); };
  CHECK(now() == "1970-01-01T00:00:00.000");
  clock.set(1'700'000'000'123'456'789);
  CHECK(now() == "2023-11-14T22:13:20.123");
  CHECK(text_of(*db, "select current_timestamp") == "2023-11-14 22:13:20");
  CHECK(text_of(*db, "select unixepoch()") == "1700000000");
  clock.set(-1);
  CHECK(now() == "1969-12-31T23:59:59.999");
}

TEST_CASE("a clock that moved is seen by a statement that was prepared before") {
  const TempDir dir;
  ClockVfs clock;
  auto db = must_open(dir.path() / "p.db", clock.name());
  auto select = db->prepare("select unixepoch('now')");
  REQUIRE(select);
  for (const std::int64_t second : {5, 6}) {
    clock.set(second * 1'000'000'000);
    REQUIRE(select->step().value());
    CHECK(select->integer(0) == second);
    select->reset();
  }
}

TEST_CASE("syncing the log makes what was committed durable, whatever synchronous says") {
  const TempDir dir;
  const WalSyncs syncs;
  auto db = must_open(dir.path() / "p.db");
  REQUIRE(db->execute("pragma synchronous = normal; create table t (a)"));
  WalSyncs::reset();
  REQUIRE(db->execute("insert into t values (1)"));
  CHECK(WalSyncs::count() == 0);
  CHECK(db->sync_log());
  CHECK(WalSyncs::count() == 1);
  WalSyncs::fail();
  const auto failed = db->sync_log();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::io);
  CHECK(failed.error().message.find("sync the write-ahead log of ") == 0);
}

}  // namespace aludel
