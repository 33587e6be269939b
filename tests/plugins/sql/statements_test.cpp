// SPDX-License-Identifier: MIT
#include "statements.hpp"

#include <memory>
#include <random>
#include <string>

#include <doctest/doctest.h>
#include <sqlite3.h>

namespace sql_handler {

namespace {

using Names = std::vector<std::string_view>;

/// What SQLite itself takes for parameters, by number; of a statement that it accepts.
class Sqlite {
 public:
  Sqlite() { REQUIRE(sqlite3_open(":memory:", &database_) == SQLITE_OK); }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  /// @return false if it is no statement
  bool prepare(std::string_view sql, std::vector<std::string>& parameters) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int size = static_cast<int>(sql.size());
    const bool good = sqlite3_prepare_v2(database_, sql.data(), size, &statement, &rest) == SQLITE_OK &&
                      statement != nullptr && rest == sql.data() + sql.size();
    for (int i = 1; good && i <= sqlite3_bind_parameter_count(statement); ++i) {
      const char* const name = sqlite3_bind_parameter_name(statement, i);
      parameters.emplace_back(name == nullptr ? "?" : name);
    }
    sqlite3_finalize(statement);
    return good;
  }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace

TEST_CASE("the parameters of a statement are found where SQL has them, in SQLite's order") {
  struct Case {
    const char* sql;
    Names parameters;
  };
  const Case cases[] = {
      {"select 1", {}},
      {"select :a", {":a"}},
      {"select :b, :a, :b", {":b", ":a"}},
      {"select :a,:A , :a_1,:_", {":a", ":A", ":a_1", ":_"}},
      {"select :a+:b||:c", {":a", ":b", ":c"}},
      {"select 1 where 1=:a;", {":a"}},
      {"select ':a', \":b\", `:c`, [:d], :e", {":e"}},
      {"select 'it''s :a', \"q\"\":b\", `x``:c`, :e", {":e"}},
      {"select ':a\\', :b", {":b"}},
      {"select [a'] , :a, ']'", {":a"}},
      {"select x':a', :b", {":b"}},
      {"select 1 -- :a\n, :b", {":b"}},
      {"select 1 -- it's :a\n, :b -- :c", {":b"}},
      {"select 1 /* :a ; ' */ , :b /* \n-- */ + :c", {":b", ":c"}},
      {"select 1 /* /* :a */, :b", {":b"}},
      {"select 2/:a, 2-:b, 2*:c", {":a", ":b", ":c"}},
      {"select :a->>'$.x', :b->':c'", {":a", ":b"}},
      {"select a$b, a$:c", {":c"}},
      {"select :\xc3\xa9t\xc3\xa9, :b", {":\xc3\xa9t\xc3\xa9", ":b"}},
      {"select ?, ?2, @a, $a, :a", {"?", "?2", "@a", "$a", ":a"}},
      {"select ?, ?", {"?", "?"}},
      {"select :a::b, :c::", {":a::b", ":c::"}},
      {"select :a(b), :c(d e)", {":a(b)", ":c(d"}},
      {"select a::text", {":text"}},
      {"select : a, @ b, $ c", {}},
      {"select ':a", {}},
      {"select \":a", {}},
      {"select [:a", {}},
      {"select /* :a", {}},
      {"select :a --", {":a"}},
      {"select :", {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    const auto statements = split_script(c.sql);
    REQUIRE(statements.size() == 1);
    CHECK(statements[0].parameters == c.parameters);
  }
}

TEST_CASE("a script is split at semicolons that are no part of a string, name or comment") {
  struct Case {
    const char* script;
    Names statements;
  };
  const Case cases[] = {
      {"", {}},
      {" \n\t; ;; -- nothing; here\n /* ; */ ;", {}},
      {"a", {"a"}},
      {"a; b", {"a", "b"}},
      {"\n  a 1 ;\n  b 2 ;\n", {"a 1", "b 2"}},
      {"-- first\na /* x */; -- then\n b -- end", {"a", "b"}},
      {"a ';' b; \";\" ; `;`; [;]", {"a ';' b", "\";\"", "`;`", "[;]"}},
      {"a -- ;\n b; c /* ; */ d", {"a -- ;\n b", "c /* ; */ d"}},
      {"a 'x; b", {"a 'x; b"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.script);
    Names texts;
    for (const ScriptStatement& statement : split_script(c.script))
      texts.push_back(statement.text);
    CHECK(texts == c.statements);
  }
}

TEST_CASE("each statement of a script has its own parameters") {
  const auto statements = split_script("select :b, :a; select :a; select ':c'");
  REQUIRE(statements.size() == 3);
  CHECK(statements[0].parameters == Names{":b", ":a"});
  CHECK(statements[1].parameters == Names{":a"});
  CHECK(statements[2].parameters.empty());
}

// What SQLite accepts is what a handler can come to run: there, both must see the same parameters.
TEST_CASE("whatever SQLite accepts has the parameters that SQLite sees") {
  constexpr const char* pieces[] = {
      ":a", ":b",     ":a",   "@a",    "$b", "1",    "'",        "''", "\"", "`",       "[", "]",
      "x",  "-",      "--",   "/*",    "*/", "/",    "\n",       " ",  ":",  "::c",     "+", ",",
      ";",  "->>'$'", "(:d)", ":e(f)", "*",  "':g'", "\xc3\xa9", "as", "$",  "1 as x$y"};
  Sqlite sqlite;
  std::mt19937 random(20260131);
  std::uniform_int_distribution<std::size_t> piece(0, std::size(pieces) - 1);
  std::uniform_int_distribution<int> length(1, 8);
  int accepted = 0;
  int with_parameters = 0;
  for (int round = 0; round != 200'000; ++round) {
    std::string sql = "select :z";
    for (int i = length(random); i != 0; --i)
      sql += pieces[piece(random)];
    std::vector<std::string> expected;
    if (!sqlite.prepare(sql, expected)) continue;
    ++accepted;
    with_parameters += expected.size() > 1 ? 1 : 0;
    const auto statements = split_script(sql);
    CAPTURE(sql);
    REQUIRE(statements.size() == 1);
    const Names found = statements[0].parameters;
    REQUIRE(std::vector<std::string>(found.begin(), found.end()) == expected);
  }
  CHECK(accepted > 5'000);
  CHECK(with_parameters > 1'000);
}

}  // namespace sql_handler
