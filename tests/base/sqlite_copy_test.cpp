// SPDX-License-Identifier: MIT
#include "base/sqlite_copy.hpp"

#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "base/sqlite.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {
namespace {

std::int64_t number_of(const std::filesystem::path& path, const char* sql) {
  const auto database = Database::open(path, Database::Mode::read_only);
  REQUIRE(database);
  auto select = (*database)->prepare(sql);
  REQUIRE(select);
  REQUIRE(select->step());
  return select->integer(0);
}

}  // namespace

TEST_CASE("a database is copied as it is at one moment, while its writer goes on") {
  const TempDir dir;
  const auto from = dir.path() / "from.db";
  const auto to = dir.path() / "to.db";
  const auto writer = Database::open(from, Database::Mode::create);
  REQUIRE(writer);
  REQUIRE((*writer)->execute("create table t (n integer, filling text)"));
  REQUIRE(
      (*writer)->execute("with recursive c (n) as (select 1 union all select n + 1 from c where n < 4000)"
                         "insert into t select n, hex(zeroblob(500)) from c"));
  std::uint64_t bytes = 0;
  int commits = 0;
  REQUIRE(copy_database(from, to, [&](std::uint64_t done) {
    bytes += done;
    REQUIRE((*writer)->execute("update t set n = n + 1; insert into t values (0, '')"));
    ++commits;
  }));
  CHECK(commits > 1);
  CHECK(bytes == std::filesystem::file_size(to));
  CHECK(number_of(to, "select count(*) from t") == 4000);
  CHECK(number_of(to, "select sum(n) from t") == 8'002'000);
  CHECK(number_of(to, "select count(*) from pragma_integrity_check where integrity_check = 'ok'") == 1);
  CHECK(number_of(from, "select count(*) from t") == 4000 + commits);
}

TEST_CASE("a copy is one file, which is read without anything beside it") {
  const TempDir dir;
  const auto from = dir.path() / "from.db";
  std::filesystem::create_directory(dir.path() / "copy");
  const auto to = dir.path() / "copy" / "to.db";
  {
    const auto writer = Database::open(from, Database::Mode::create);
    REQUIRE(writer);
    REQUIRE((*writer)->execute("pragma page_size = 1024; create table t (n); insert into t values (7)"));
  }
  REQUIRE(copy_database(from, to, [](std::uint64_t) {}));
  CHECK(number_of(to, "select n from t") == 7);
  std::filesystem::directory_iterator names(dir.path() / "copy");
  CHECK(std::distance(begin(names), end(names)) == 1);
  const auto owner = Database::open(to, Database::Mode::read_write);
  REQUIRE(owner);
  CHECK(number_of(to, "select journal_mode = 'wal' from pragma_journal_mode") == 1);
}

TEST_CASE("what cannot be copied is told, with both paths") {
  const TempDir dir;
  const auto from = dir.path() / "from.db";
  const auto nothing = [](std::uint64_t) {};
  CHECK(copy_database(from, dir.path() / "to.db", nothing).error().code == ErrorCode::not_found);
  REQUIRE(Database::open(from, Database::Mode::create));
  const auto error = copy_database(from, dir.path() / "nowhere" / "to.db", nothing).error();
  CHECK(error.message.find("nowhere/to.db") != std::string::npos);
  CHECK(error.message.find("from.db") != std::string::npos);
  std::ofstream(from, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  CHECK(copy_database(from, dir.path() / "to.db", nothing).error().code == ErrorCode::corrupt);
}

}  // namespace aludel
