// SPDX-License-Identifier: MIT
#include "base/sqlite_query.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/sqlite.hpp"

namespace aludel {

namespace {

constexpr int steps_between_looks = 10'000;  // of SQLite's virtual machine: well below a millisecond

// Pragmas that only tell.
constexpr std::array<std::string_view, 11> telling_pragmas{
    "table_info",       "table_xinfo",   "table_list",    "index_list",      "index_info",    "index_xinfo",
    "foreign_key_list", "database_list", "function_list", "compile_options", "collation_list"};

// Tables that a virtual table keeps its contents in. It prepares statements that would write there, even
// where it only reads; in a database that is read-only none of them can.
constexpr std::array<std::string_view, 11> shadow_suffixes{"_data",   "_idx",      "_content", "_docsize",
                                                           "_config", "_segments", "_segdir",  "_stat",
                                                           "_node",   "_rowid",    "_parent"};

bool is_shadow(std::string_view table) {
  return std::any_of(shadow_suffixes.begin(), shadow_suffixes.end(),
                     [&](std::string_view suffix) { return table.ends_with(suffix); });
}

bool is_telling_pragma(std::string_view name, const char* argument) {
  if (std::find(telling_pragmas.begin(), telling_pragmas.end(), name) != telling_pragmas.end()) return true;
  // Full-text tables look at these.
  return argument == nullptr && (name == "data_version" || name == "page_size");
}

int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  const auto allowed = [](bool yes) { return yes ? SQLITE_OK : SQLITE_DENY; };
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return allowed(std::string_view(second) != "load_extension");
    case SQLITE_PRAGMA: return allowed(is_telling_pragma(first, second));
    case SQLITE_INSERT:
    case SQLITE_DELETE: return allowed(is_shadow(first));
    // What naming a pragma as a table looks like; nothing can come of it in a database that is read-only.
    case SQLITE_UPDATE: return allowed(is_shadow(first) || std::string_view(first) == "sqlite_master");
    default: return SQLITE_DENY;
  }
}

using Clock = std::chrono::steady_clock;

int is_over(void* deadline) {
  return Clock::now() >= *static_cast<const Clock::time_point*>(deadline) ? 1 : 0;
}

Error too_long(std::chrono::milliseconds time_max) {
  return {ErrorCode::timed_out,
          "query: stopped after " + format_duration(time_max) + "; ask for less at a time"};
}

// Ends a query that does not see for itself that its time is over.
class Watchdog {
 public:
  Watchdog(sqlite3* database, Clock::time_point deadline, std::function<void()> give_up)
      : thread_([this, database, deadline, give_up = std::move(give_up)] {
          std::unique_lock lock(mutex_);
          const auto done = [this] { return done_; };
          if (wake_.wait_until(lock, deadline, done)) return;
          sqlite3_interrupt(database);
          if (wake_.wait_until(lock, deadline + limits::query_grace, done)) return;
          give_up();
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;  // guarded by mutex_
  std::thread thread_;
};

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
  return {ErrorCode::invalid, "query: only reading this projection is allowed"};
}

// "; there are accounts, entries": what the handler has made. "" if that cannot be told.
std::string tables_there(Database& database) {
  auto select = database.prepare(
      "select group_concat(name, ', ') from (select name from pragma_table_list where schema = 'main' and "
      "type <> 'shadow' and substr(name, 1, 7) <> 'sqlite_' and substr(name, 1, 8) <> '_aludel_' "
      "order by name limit 20)");
  const auto found = select ? select->step() : select.error();
  if (!found || !*found) return {};
  return select->is_null(0) ? "; the handler has made none" : "; there are " + std::string(select->text(0));
}

// What SQLite says of SQL that it does not accept.
Error not_accepted(Database& database) {
  auto error = database.error("query");
  if (std::string_view(sqlite3_errmsg(database.handle())).starts_with("no such table"))
    error.message += tables_there(database);
  return error;
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

Result<void> run_statement(Database& database, const std::string& sql, const QuerySink& sink) {
  auto* const handle = database.handle();
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  const int result =
      sqlite3_prepare_v2(handle, sql.c_str(), static_cast<int>(sql.size()) + 1, &prepared, &rest);
  if (result == SQLITE_AUTH) return not_reading();
  if (result != SQLITE_OK) return not_accepted(database);
  const Statement statement(prepared);
  if (prepared == nullptr) return Error(ErrorCode::invalid, "query: there is no statement");
  if (sqlite3_stmt_readonly(prepared) == 0) return not_reading();
  if (!is_only_statement(handle, rest))
    return Error(ErrorCode::invalid, "query: give one statement at a time");
  return walk(prepared, sink);
}

}  // namespace

Result<void> run_query(const std::filesystem::path& path, const std::string& sql,
                       std::chrono::milliseconds time_max, const QuerySink& sink,
                       std::function<void(const Error&)> give_up) {
  auto database = Database::open(path, Database::Mode::read_only);
  if (!database) return database.error();
  auto* const handle = (*database)->handle();
  auto deadline = Clock::now() + time_max;
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 1, nullptr);
  sqlite3_set_authorizer(handle, authorize, nullptr);
  sqlite3_progress_handler(handle, steps_between_looks, is_over, &deadline);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, static_cast<int>(limits::query_value_max));
  const Watchdog watchdog(handle, deadline, [time_max, give_up = std::move(give_up)] {
    if (give_up) give_up(too_long(time_max));
  });
  auto done = run_statement(**database, sql, sink);
  if (!done && is_over(&deadline) != 0) return too_long(time_max);
  return done;
}

}  // namespace aludel
