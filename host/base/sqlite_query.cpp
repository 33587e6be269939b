// SPDX-License-Identifier: MIT
#include "base/sqlite_query.hpp"

#include <algorithm>
#include <array>

#include <sqlite3.h>

#include "base/duration.hpp"
#include "base/sqlite.hpp"

namespace aludel {

namespace {

constexpr int steps_between_looks = 10'000;  // of SQLite's virtual machine: well below a millisecond

// Pragmas that only tell.
constexpr std::array<std::string_view, 11> telling_pragmas{
    "table_info",       "table_xinfo",   "table_list",    "index_list",      "index_info",    "index_xinfo",
    "foreign_key_list", "database_list", "function_list", "compile_options", "collation_list"};

int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      return std::find(telling_pragmas.begin(), telling_pragmas.end(), first) != telling_pragmas.end()
                 ? SQLITE_OK
                 : SQLITE_DENY;
    // What naming a pragma as a table looks like; nothing can come of it in a database that is read-only.
    case SQLITE_UPDATE: return std::string_view(first) == "sqlite_master" ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
  }
}

struct Deadline {
  std::chrono::steady_clock::time_point at;
  bool passed = false;
};

int look_at_clock(void* context) {
  auto& deadline = *static_cast<Deadline*>(context);
  deadline.passed = std::chrono::steady_clock::now() >= deadline.at;
  return deadline.passed ? 1 : 0;
}

SqlValue value_of(sqlite3_stmt* statement, int column) {
  const auto bytes = [&](const void* data) {
    return std::string_view(static_cast<const char*>(data),
                            static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: return bytes(sqlite3_column_text(statement, column));
    case SQLITE_BLOB: return SqlBlob{bytes(sqlite3_column_blob(statement, column))};
    default: return std::monostate();
  }
}

// More than a statement, white space and comments are a second statement, which would not be run.
bool is_only_statement(sqlite3* database, const char* rest) {
  sqlite3_stmt* second = nullptr;
  const int result = sqlite3_prepare_v2(database, rest, -1, &second, nullptr);
  const bool nothing = result == SQLITE_OK && second == nullptr;
  sqlite3_finalize(second);
  return nothing;
}

Error not_reading() {
  return {ErrorCode::denied, "query: only reading this projection is allowed"};
}

Result<void> walk(sqlite3_stmt* statement, const QuerySink& sink) {
  const int count = sqlite3_column_count(statement);
  std::vector<std::string> columns;
  columns.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    columns.emplace_back(sqlite3_column_name(statement, i));
  if (auto told = sink.columns(columns); !told) return told;
  std::vector<SqlValue> row(static_cast<std::size_t>(count));
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < count; ++i)
      row[static_cast<std::size_t>(i)] = value_of(statement, i);
    if (auto told = sink.row(row); !told) return told;
  }
  if (result == SQLITE_DONE) return {};
  if (result == SQLITE_AUTH) return not_reading();
  return Error(sqlite_error_code(result), sqlite3_errmsg(sqlite3_db_handle(statement)));
}

}  // namespace

Result<void> run_query(const std::filesystem::path& path, const std::string& sql,
                       std::chrono::milliseconds time_max, const QuerySink& sink) {
  auto database = Database::open(path, Database::Mode::read_only);
  if (!database) return database.error();
  auto* const handle = (*database)->handle();
  Deadline deadline{std::chrono::steady_clock::now() + time_max};
  sqlite3_set_authorizer(handle, authorize, nullptr);
  sqlite3_progress_handler(handle, steps_between_looks, look_at_clock, &deadline);

  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  const int result =
      sqlite3_prepare_v2(handle, sql.c_str(), static_cast<int>(sql.size()) + 1, &prepared, &rest);
  if (result == SQLITE_AUTH) return not_reading();
  if (result != SQLITE_OK) return (*database)->error("query");
  const Statement statement(prepared);
  if (prepared == nullptr) return Error(ErrorCode::invalid, "query: there is no statement");
  if (!is_only_statement(handle, rest))
    return Error(ErrorCode::invalid, "query: give one statement at a time");
  auto walked = walk(prepared, sink);
  if (!walked && deadline.passed) {
    return Error(ErrorCode::timed_out,
                 "query: stopped after " + format_duration(time_max) + "; ask for less at a time");
  }
  return walked;
}

}  // namespace aludel
