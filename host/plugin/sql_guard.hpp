// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/sqlite.hpp"
#include "plugin/instance.hpp"

namespace aludel {

/// Decides what SQL of a handler may do to its projection (docs/decisions/0021-sql-of-handlers.md). It is the
/// connection's authorizer, installed once, as each installing makes every statement be prepared again; while
/// no plugin function is running it lets the host's own SQL pass.
///
/// SQLite asks it when a statement is prepared, not when it runs; and not about what the definition of a
/// column calls, so random() and randomblob() are functions here that fail. One thread at a time.
class SqlGuard {
 public:
  /// The database outlives the guard.
  explicit SqlGuard(Database& database);
  ~SqlGuard();
  SqlGuard(const SqlGuard&) = delete;
  SqlGuard& operator=(const SqlGuard&) = delete;

  /// The stage of the plugin function that runs from now on; `Stage::none`: the host itself.
  void set_stage(Stage stage) { stage_ = stage; }
  [[nodiscard]] Stage stage() const { return stage_; }

  /// What was found since the last `forget`: whether SQL changes the schema, and why any was denied.
  [[nodiscard]] bool saw_schema_change() const { return saw_schema_change_; }
  [[nodiscard]] std::string_view denial() const { return denial_; }
  void forget();

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* schema,
                       const char* trigger);
  /// Why not, or an empty string.
  [[nodiscard]] std::string judge(int action, std::string_view first, std::string_view second);

  Database& database_;
  Stage stage_ = Stage::none;
  bool saw_schema_change_ = false;
  std::string denial_;
};

/// Every object of the schema that carries a name of the host's (_aludel_...), with its SQL, and the foreign
/// keys that refer to one: what must be the same after a migration as before, since SQLite tells an
/// authorizer neither.
[[nodiscard]] Result<std::string> host_schema(Database& database);

}  // namespace aludel
