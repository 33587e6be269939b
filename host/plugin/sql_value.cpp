// SPDX-License-Identifier: MIT
#include "plugin/sql_value.hpp"

#include <sqlite3.h>

#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"

namespace aludel {

namespace {

std::int32_t result_of(int bound) {
  switch (bound) {
    case SQLITE_OK: return ALUDEL_OK;
    case SQLITE_TOOBIG: return ALUDEL_TOO_LARGE;
    case SQLITE_NOMEM: return ALUDEL_IO_ERROR;
    default: return ALUDEL_MISUSE;
  }
}

std::int32_t bind_bytes(sqlite3_stmt* statement, int index, const aludel_value& value, bool keep) {
  if (!is_readable(value.as.bytes)) return ALUDEL_MISUSE;
  // SQLite takes a null pointer for NULL, whatever the length.
  const auto bytes = value.as.bytes.data == nullptr ? std::string_view("") : view_of(value.as.bytes);
  const auto lifetime = keep ? SQLITE_TRANSIENT : SQLITE_STATIC;
  if (value.type == ALUDEL_BLOB) {
    return result_of(sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), lifetime));
  }
  if (!is_utf8(bytes)) return ALUDEL_INVALID;
  return result_of(sqlite3_bind_text64(statement, index, bytes.data(), bytes.size(), lifetime, SQLITE_UTF8));
}

}  // namespace

std::int32_t bind_value(sqlite3_stmt* statement, int index, const aludel_value& value, bool keep) {
  switch (value.type) {
    case ALUDEL_NULL: return result_of(sqlite3_bind_null(statement, index));
    case ALUDEL_INTEGER: return result_of(sqlite3_bind_int64(statement, index, value.as.integer));
    case ALUDEL_BOOLEAN:
      return result_of(sqlite3_bind_int64(statement, index, value.as.integer != 0 ? 1 : 0));
    case ALUDEL_REAL: return result_of(sqlite3_bind_double(statement, index, value.as.real));
    case ALUDEL_TEXT:
    case ALUDEL_JSON:
    case ALUDEL_BLOB: return bind_bytes(statement, index, value, keep);
    default: return ALUDEL_MISUSE;
  }
}

aludel_value column_value(sqlite3_stmt* statement, int column) {
  aludel_value value{};
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      value.type = ALUDEL_INTEGER;
      value.as.integer = sqlite3_column_int64(statement, column);
      return value;
    case SQLITE_FLOAT:
      value.type = ALUDEL_REAL;
      value.as.real = sqlite3_column_double(statement, column);
      return value;
    case SQLITE_TEXT:
      value.type = ALUDEL_TEXT;
      value.as.bytes.data = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      break;
    case SQLITE_BLOB:
      value.type = ALUDEL_BLOB;
      value.as.bytes.data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      break;
    default: return value;
  }
  value.as.bytes.size = static_cast<std::uint64_t>(sqlite3_column_bytes(statement, column));
  if (value.as.bytes.data == nullptr) value.as.bytes = {"", 0};
  return value;
}

}  // namespace aludel
