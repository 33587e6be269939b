// SPDX-License-Identifier: MIT
#include "plugin/sql_guard.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <sqlite3.h>

#include "base/assert.hpp"

namespace aludel {

namespace {

constexpr std::string_view host_prefix = "_aludel_";

// Names are compared as SQLite does: ASCII letters of either case are one.
bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

bool is_host_name(std::string_view name) {
  return same(name.substr(0, host_prefix.size()), host_prefix);
}

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return same(known, name); });
}

// Pragmas that only tell; those about a table take its name as their argument.
constexpr std::array<std::string_view, 8> table_pragmas = {
    "table_info", "table_xinfo", "table_list",       "index_list",
    "index_info", "index_xinfo", "foreign_key_list", "foreign_key_check"};
// FTS5 reads data_version, FTS4 page_size.
constexpr std::array<std::string_view, 5> plain_pragmas = {"data_version", "page_size", "encoding",
                                                           "user_version", "compile_options"};
constexpr std::array<std::string_view, 6> virtual_modules = {"fts5",    "fts5vocab", "fts4",
                                                             "fts4aux", "fts3",      "rtree"};
// What differs from run to run would make a rebuild differ. The rest reaches outside of the projection.
constexpr std::array<std::string_view, 5> denied_functions = {"random", "randomblob", "total_changes",
                                                              "load_extension", "fts3_tokenizer"};
constexpr std::array<std::string_view, 2> denied_tables = {"sqlite_stmt", "dbstat"};

enum class Kind { data, schema, temporary, transaction, attach, pragma, function, unknown };

Kind kind_of(int action) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
    case SQLITE_READ:
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return Kind::data;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_VTABLE:
    case SQLITE_ALTER_TABLE:
    case SQLITE_REINDEX:
    case SQLITE_ANALYZE: return Kind::schema;
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW: return Kind::temporary;
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return Kind::transaction;
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return Kind::attach;
    case SQLITE_PRAGMA: return Kind::pragma;
    case SQLITE_FUNCTION: return Kind::function;
    default: return Kind::unknown;
  }
}

// REINDEX and ANALYZE without a name go over all tables.
bool leaves_contents(int action) {
  return action == SQLITE_REINDEX || action == SQLITE_ANALYZE;
}

bool is_allowed_pragma(std::string_view name, std::string_view argument) {
  return is_one_of(table_pragmas, name) || (argument.empty() && is_one_of(plain_pragmas, name));
}

void refuse_random(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_error(context, "random() and randomblob() are not for handlers: they differ from run to run",
                       -1);
}

// The authorizer is not asked about what a table's definition calls.
void replace_random(sqlite3* database) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  for (const auto& [name, arguments] : {std::pair{"random", 0}, {"randomblob", 1}}) {
    const int result = sqlite3_create_function_v2(database, name, arguments, flags, nullptr, refuse_random,
                                                  nullptr, nullptr, nullptr);
    if (result == SQLITE_NOMEM) throw std::bad_alloc();
    ALUDEL_ASSERT(result == SQLITE_OK);
  }
}

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

}  // namespace

SqlGuard::SqlGuard(Database& database) : database_(database) {
  replace_random(database_.handle());
  sqlite3_set_authorizer(database_.handle(), authorize, this);
}

SqlGuard::~SqlGuard() {
  sqlite3_set_authorizer(database_.handle(), nullptr, nullptr);
}

void SqlGuard::forget() {
  saw_schema_change_ = false;
  denial_.clear();
}

int SqlGuard::authorize(void* self, int action, const char* first, const char* second, const char* /*schema*/,
                        const char* /*trigger*/) {
  auto& guard = *static_cast<SqlGuard*>(self);
  if (guard.stage_ == Stage::none) return SQLITE_OK;
  auto fault = guard.judge(action, view(first), view(second));
  if (fault.empty()) return SQLITE_OK;
  guard.denial_ = std::move(fault);
  return SQLITE_DENY;
}

std::string SqlGuard::judge(int action, std::string_view first, std::string_view second) {
  switch (kind_of(action)) {
    case Kind::data:
      if (is_host_name(first)) return "names that begin with _aludel_ are the host's";
      return is_one_of(denied_tables, first) ? std::string(first) + " differs from run to run" : "";
    case Kind::schema:
      saw_schema_change_ = true;
      if (!leaves_contents(action) && (is_host_name(first) || is_host_name(second))) {
        return "names that begin with _aludel_ are the host's";
      }
      if (stage_ != Stage::migrate) return "the schema is changed in migrate() only";
      if (action == SQLITE_CREATE_VTABLE && !is_one_of(virtual_modules, second)) {
        return "virtual tables are of fts5, fts4 or rtree, not of " + std::string(second);
      }
      return "";
    case Kind::temporary: return "temporary tables do not outlive the process";
    case Kind::transaction: return "the transaction is the host's";
    case Kind::attach: return "a handler has one database, its projection";
    case Kind::pragma:
      return is_allowed_pragma(first, second) ? "" : "the pragma " + std::string(first) + " is the host's";
    case Kind::function:
      return is_one_of(denied_functions, second)
                 ? "the function " + std::string(second) + "() is not for handlers"
                 : "";
    case Kind::unknown: break;
  }
  return "it is nothing that a handler may do";
}

Result<std::string> host_schema(Database& database) {
  auto select = database.prepare(
      "select type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') from sqlite_schema"
      " where name like '\\_aludel\\_%' escape '\\' or tbl_name like '\\_aludel\\_%' escape '\\'"
      " union all select 'foreign key of ' || s.name from sqlite_schema s, pragma_foreign_key_list(s.name) f"
      " where s.type = 'table' and f.\"table\" like '\\_aludel\\_%' escape '\\' order by 1");
  if (!select) return select.error();
  std::string schema;
  for (;;) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return schema;
    schema.append(select->text(0)).append("\n");
  }
}

}  // namespace aludel
