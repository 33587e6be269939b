// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

namespace sql_handler {

/// One statement of a script. Borrows from the script.
struct ScriptStatement {
  std::string_view text;  ///< from its first token to its last, without the semicolon
  /// As they are written (":account"), each once, in the order in which SQLite numbers them. "?" and "?2",
  /// which number themselves, are among them: a reader who knows names only has to refuse them.
  std::vector<std::string_view> parameters;
};

/// The statements of an SQL script: what stands between semicolons, where strings, quoted names and comments
/// hold neither semicolons nor parameters. Nothing but blanks and comments is no statement. Whether it is SQL
/// is for SQLite to say; tokens are told apart by its rules, so that an unfinished one goes to the end.
[[nodiscard]] std::vector<ScriptStatement> split_script(std::string_view script);

}  // namespace sql_handler
