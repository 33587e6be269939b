// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>

struct sqlite3_stmt;

namespace aludel {

/// Binds a plugin's value to a parameter (from 1).
/// @param keep whether SQLite copies the bytes; else they must stay until the statement has run
/// @return ALUDEL_OK, ALUDEL_MISUSE (no such type, NULL with a size), ALUDEL_INVALID (text that is not
/// UTF-8),
///   ALUDEL_TOO_LARGE, ALUDEL_IO_ERROR (no memory)
[[nodiscard]] std::int32_t bind_value(sqlite3_stmt* statement, int index, const aludel_value& value,
                                      bool keep);

/// A column (from 0) of the row that the statement is at; its bytes stay until the next step or reset.
[[nodiscard]] aludel_value column_value(sqlite3_stmt* statement, int column);

}  // namespace aludel
