// SPDX-License-Identifier: MIT
#include "plugin/sql_session.hpp"

#include <algorithm>

#include <sqlite3.h>

#include "base/byte_size.hpp"
#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/sql_value.hpp"

namespace aludel {

// Owns its handle.
struct SqlSession::Prepared {
  Statement statement;
  std::string text;
  std::size_t index = 0;
  int parameters = 0;
  bool reads_only = true;
  bool changes_schema = false;
  bool walked = false;
  std::vector<aludel_value> row = {};

  [[nodiscard]] sqlite3_stmt* handle() const { return statement.handle(); }
};

namespace {

std::string about(std::string_view sql) {
  constexpr std::size_t shown_max = 200;
  auto text = repaired_utf8(sql, shown_max);
  for (auto& c : text) {
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  }
  return "SQL \"" + text + (sql.size() > shown_max ? "...\"" : "\"");
}

}  // namespace

SqlSession::SqlSession(Database& database, CallErrors& errors, std::uint64_t size_max)
    : database_(database), errors_(errors), size_max_(size_max), guard_(database) {
  length_max_ = sqlite3_limit(database_.handle(), SQLITE_LIMIT_LENGTH, -1);
  // For one statement that goes on and on.
  constexpr int instructions = 200;
  sqlite3_progress_handler(database_.handle(), instructions, on_progress, this);
}

SqlSession::~SqlSession() {
  sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr);
  sqlite3_limit(database_.handle(), SQLITE_LIMIT_LENGTH, length_max_);
}

aludel_statement* SqlSession::id_of(std::size_t index) {
  return reinterpret_cast<aludel_statement*>(&ids_[index]);
}

SqlSession::Prepared* SqlSession::find(const aludel_statement* id) {
  const auto index = reinterpret_cast<std::uintptr_t>(id) - reinterpret_cast<std::uintptr_t>(ids_.data());
  if (index >= statements_.size()) {
    misuse("the statement is none of this instance's");
    return nullptr;
  }
  return statements_[index].get();
}

std::int32_t SqlSession::misuse(std::string_view message) {
  return errors_.fail(ALUDEL_MISUSE, "misuse", message);
}

std::int32_t SqlSession::failed(int result, std::string_view sql) {
  const auto message = about(sql) + ": " + sqlite3_errmsg(database_.handle());
  const int kind = result & 0xff;
  // A denied function is reported as any other error in the text.
  if ((kind == SQLITE_AUTH || kind == SQLITE_ERROR) && !guard_.denial().empty()) {
    return errors_.fail(ALUDEL_DENIED, "denied", about(sql) + ": " + std::string(guard_.denial()));
  }
  switch (kind) {
    case SQLITE_CONSTRAINT: return errors_.fail(ALUDEL_CONSTRAINT, "constraint", message);
    case SQLITE_AUTH: return errors_.fail(ALUDEL_DENIED, "denied", message);
    case SQLITE_TOOBIG: return errors_.fail(ALUDEL_TOO_LARGE, "too_large", message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return errors_.fail(ALUDEL_BUSY, "busy", message);
    case SQLITE_INTERRUPT: return fail_over_size(guard_.stage());
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM: return errors_.outage(to_string(sqlite_error_code(result)), message);
    default: return errors_.fail(ALUDEL_SQL_ERROR, "sql_error", message);
  }
}

// --- preparing

SqlSession::Prepared* SqlSession::find_idle(std::string_view sql) {
  const auto [begin, end] = by_text_.equal_range(sql);
  for (auto at = begin; at != end; ++at) {
    if (!statements_[at->second]->walked) return statements_[at->second].get();
  }
  return nullptr;
}

// Prepares the first statement of `sql`; its handle is null if there is none.
std::int32_t SqlSession::compile(std::string_view sql, unsigned flags, Prepared& out,
                                 std::string_view* rest) {
  if (sql.size() > limits::sql_text_max) {
    return errors_.fail(ALUDEL_TOO_LARGE, "too_large",
                        "the SQL is over " + std::to_string(limits::sql_text_max) + " bytes");
  }
  if (sql.data() == nullptr) sql = "";
  if (!is_utf8(sql) || sql.find('\0') != std::string_view::npos) {
    return errors_.fail(ALUDEL_INVALID, "invalid", about(sql) + ": it is not UTF-8, or holds a NUL");
  }
  guard_.forget();
  sqlite3_stmt* handle = nullptr;
  const char* tail = sql.data();
  const int result =
      sqlite3_prepare_v3(database_.handle(), sql.data(), static_cast<int>(sql.size()), flags, &handle, &tail);
  if (result != SQLITE_OK) return failed(result, sql);
  out.statement = Statement(handle);
  *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  out.text = sql.substr(0, sql.size() - rest->size());
  if (handle == nullptr) return ALUDEL_OK;
  out.parameters = sqlite3_bind_parameter_count(handle);
  out.reads_only = sqlite3_stmt_readonly(handle) != 0;
  out.changes_schema = guard_.saw_schema_change();
  return ALUDEL_OK;
}

std::int32_t SqlSession::prepare(std::string_view sql, aludel_statement** out) {
  if (const auto* known = find_idle(sql)) {
    *out = id_of(known->index);
    return ALUDEL_OK;
  }
  Prepared prepared;
  std::string_view rest;
  if (const auto result = compile(sql, SQLITE_PREPARE_PERSISTENT, prepared, &rest); result != ALUDEL_OK) {
    return result;
  }
  Prepared second;
  std::string_view ignored;
  if (!rest.empty()) {
    if (const auto result = compile(rest, 0, second, &ignored); result != ALUDEL_OK) return result;
  }
  if (prepared.handle() == nullptr || second.handle() != nullptr) {
    return errors_.fail(ALUDEL_SQL_ERROR, "sql_error", about(sql) + ": give exactly one statement");
  }
  prepared.text = sql;
  return add(std::move(prepared), out);
}

std::int32_t SqlSession::add(Prepared prepared, aludel_statement** out) {
  const auto index = statements_.size();
  if (index == limits::handler_statements_max) {
    return errors_.fail(ALUDEL_LIMIT, "limit",
                        "over " + std::to_string(limits::handler_statements_max) +
                            " statements: bind values to parameters instead of writing them into the SQL");
  }
  prepared.index = index;
  statements_.push_back(std::make_unique<Prepared>(std::move(prepared)));
  by_text_.emplace(statements_.back()->text, index);
  *out = id_of(index);
  return ALUDEL_OK;
}

// --- running

std::int32_t SqlSession::require_transaction(const Prepared& statement) {
  if (statement.changes_schema && guard_.stage() != Stage::migrate) {
    return errors_.fail(ALUDEL_DENIED, "denied",
                        about(statement.text) + ": the schema is changed in migrate() only");
  }
  return require_transaction();
}

std::int32_t SqlSession::require_transaction() {
  if (over_size_) return fail_over_size(guard_.stage());
  if (database_.in_transaction()) return ALUDEL_OK;
  return errors_.fail(ALUDEL_DENIED, lost_ ? "transaction_lost" : "denied",
                      lost_ ? "an earlier statement of this call ended the transaction"
                            : "there is no transaction to work in");
}

std::int32_t SqlSession::bind(Prepared& statement, std::span<const aludel_value> values, bool keep_values) {
  if (values.size() != static_cast<std::size_t>(statement.parameters)) {
    const auto counted = [](std::size_t number, const std::string& noun) {
      return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
    };
    return misuse(about(statement.text) + ": it has " +
                  counted(static_cast<std::size_t>(statement.parameters), "parameter") + " and was given " +
                  counted(values.size(), "value"));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto result = bind_value(statement.handle(), static_cast<int>(i) + 1, values[i], keep_values);
    if (result == ALUDEL_OK) continue;
    const auto which = about(statement.text) + ": value " + std::to_string(i + 1);
    switch (result) {
      case ALUDEL_INVALID: return errors_.fail(result, "invalid", which + " is text that is not UTF-8");
      case ALUDEL_TOO_LARGE: return errors_.fail(result, "too_large", which + " is too large");
      case ALUDEL_IO_ERROR: return errors_.outage("memory", which + ": out of memory");
      default: return misuse(which + " has no known type, or is NULL with a size");
    }
  }
  return ALUDEL_OK;
}

std::int32_t SqlSession::make_ready(Prepared& statement, std::span<const aludel_value> values,
                                    bool keep_values) {
  if (!used_) {
    used_ = true;
    changes_before_ = database_.total_changes();
    bytes_before_ = database_.bytes_written();
    limit_values();
  }
  reset(statement);
  if (const auto result = require_transaction(statement); result != ALUDEL_OK) return result;
  return bind(statement, values, keep_values);
}

// One step of SQLite's, with what is to be noticed after each.
int SqlSession::step(Prepared& statement) {
  sqlite3* db = database_.handle();
  guard_.forget();
  // The host inserts on this connection too.
  sqlite3_set_last_insert_rowid(db, last_insert_id_);
  const int result = sqlite3_step(statement.handle());
  last_insert_id_ = sqlite3_last_insert_rowid(db);
  if (result != SQLITE_ROW && result != SQLITE_DONE && !statement.reads_only) wrote_ = true;
  if (!database_.in_transaction()) lost_ = true;
  if (!statement.reads_only) look_at_size();
  return result;
}

// SQLite writes a value as a whole, however long. A migration may have to rewrite what there is.
void SqlSession::limit_values() {
  const bool migrates = guard_.stage() == Stage::migrate;
  const auto longest = static_cast<std::uint64_t>(length_max_);
  sqlite3_limit(database_.handle(), SQLITE_LIMIT_LENGTH,
                static_cast<int>(migrates ? longest : std::min(longest, size_max_)));
}

// A migration may have to rewrite everything.
void SqlSession::look_at_size() {
  if (guard_.stage() == Stage::none || guard_.stage() == Stage::migrate) return;
  if (database_.bytes_written() - bytes_before_ > size_max_) over_size_ = true;
}

// Of a call that has written too much the host's own SQL remains: the letter, the cursor.
int SqlSession::on_progress(void* self) {
  auto& session = *static_cast<SqlSession*>(self);
  if (session.guard_.stage() == Stage::none) return 0;
  session.look_at_size();
  return session.over_size_ ? 1 : 0;
}

std::int32_t SqlSession::fail_over_size(Stage stage) {
  return errors_.fail(ALUDEL_LIMIT, "transaction_limit",
                      std::string(to_string(stage)) + "() has written over " + format_byte_size(size_max_) +
                          " (transaction_size of its limits)");
}

std::int32_t SqlSession::run_to_end(Prepared& statement) {
  int result = SQLITE_ROW;
  while (result == SQLITE_ROW)
    result = step(statement);
  if (result != SQLITE_DONE) return failed(result, statement.text);
  if (over_size_) return fail_over_size(guard_.stage());
  if (statement.changes_schema) wrote_ = true;
  return ALUDEL_OK;
}

void SqlSession::reset(Prepared& statement) {
  sqlite3_reset(statement.handle());
  if (!statement.walked) return;
  statement.walked = false;
  --walked_count_;
}

std::int32_t SqlSession::run(const aludel_statement* id, std::span<const aludel_value> values,
                             std::int64_t* changes) {
  auto* statement = find(id);
  if (statement == nullptr) return ALUDEL_MISUSE;
  if (const auto result = make_ready(*statement, values, false); result != ALUDEL_OK) return result;
  const auto result = run_to_end(*statement);
  if (changes != nullptr) {
    const bool changed = result == ALUDEL_OK && !statement->reads_only;
    *changes = changed ? sqlite3_changes64(database_.handle()) : 0;
  }
  reset(*statement);
  return result;
}

std::int32_t SqlSession::query(const aludel_statement* id, std::span<const aludel_value> values) {
  auto* statement = find(id);
  if (statement == nullptr) return ALUDEL_MISUSE;
  if (const auto result = make_ready(*statement, values, true); result != ALUDEL_OK) return result;
  statement->walked = true;
  ++walked_count_;
  return ALUDEL_OK;
}

std::int32_t SqlSession::next(const aludel_statement* id, const aludel_value** row, std::uint64_t* count) {
  auto* statement = find(id);
  if (statement == nullptr) return ALUDEL_MISUSE;
  if (!statement->walked) return misuse("next() without query(), or past the last row");
  if (const auto result = require_transaction(*statement); result != ALUDEL_OK) return result;
  const int stepped = step(*statement);
  if (stepped != SQLITE_ROW) {
    const auto result = stepped == SQLITE_DONE ? ALUDEL_DONE : failed(stepped, statement->text);
    reset(*statement);
    return result;
  }
  const int columns = sqlite3_data_count(statement->handle());
  statement->row.clear();
  for (int i = 0; i < columns; ++i)
    statement->row.push_back(column_value(statement->handle(), i));
  *row = statement->row.data();
  *count = statement->row.size();
  return ALUDEL_ROW;
}

std::int32_t SqlSession::column_name(const aludel_statement* id, std::uint64_t index, aludel_str* name) {
  auto* statement = find(id);
  if (statement == nullptr) return ALUDEL_MISUSE;
  if (index >= static_cast<std::uint64_t>(sqlite3_column_count(statement->handle()))) {
    return misuse(about(statement->text) + ": it has no column " + std::to_string(index));
  }
  const char* text = sqlite3_column_name(statement->handle(), static_cast<int>(index));
  if (text == nullptr) return errors_.outage("memory", "name a column: out of memory");
  *name = {text, std::string_view(text).size()};
  return ALUDEL_OK;
}

std::int32_t SqlSession::exec(std::string_view sql) {
  while (!sql.empty()) {
    Prepared statement;
    std::string_view rest;
    if (const auto result = compile(sql, 0, statement, &rest); result != ALUDEL_OK) return result;
    sql = rest;
    if (statement.handle() == nullptr) continue;
    if (const auto result = make_ready(statement, {}, false); result != ALUDEL_OK) return result;
    if (const auto result = run_to_end(statement); result != ALUDEL_OK) return result;
  }
  return ALUDEL_OK;
}

// The host's own SQL is not judged as the handler's is, also where SQLite prepares it once more.
std::int32_t SqlSession::add_emitted(EmitSink& sink, const EmittedEvent& event) {
  if (const auto result = require_transaction(); result != ALUDEL_OK) return result;
  const auto stage = guard_.stage();
  guard_.set_stage(Stage::none);
  wrote_ = true;
  const auto added = sink.add(event);
  guard_.set_stage(stage);
  if (!database_.in_transaction()) lost_ = true;
  return added ? ALUDEL_OK : errors_.outage(to_string(added.error().code), added.error().message);
}

void SqlSession::finish() {
  for (auto& statement : statements_) {
    if (walked_count_ == 0) break;
    if (statement->walked) reset(*statement);
  }
  if (database_.total_changes() != changes_before_) wrote_ = true;
}

}  // namespace aludel
