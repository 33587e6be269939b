// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.hpp"
#include "base/sqlite.hpp"
#include "plugin/call_errors.hpp"
#include "plugin/emission.hpp"
#include "plugin/sql_guard.hpp"

struct sqlite3_stmt;

namespace aludel {

/// A handler's SQL on its projection: what the host functions prepare ... last_insert_id do, and what they
/// are held to. The transaction is the host's; this neither begins nor ends one, and refuses to work without
/// one.
///
/// Results are those of plugin.h; an error is recorded in `errors`. One thread at a time.
class SqlSession {
 public:
  /// @param size_max bytes that a call may write, as `Database::bytes_written` counts; not in migrate. The
  /// others outlive the session.
  SqlSession(Database& database, CallErrors& errors, std::uint64_t size_max);
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  /// Around each plugin function. Costs a few stores if it runs no SQL.
  void begin(Stage stage) {
    guard_.set_stage(stage);
    used_ = wrote_ = lost_ = over_size_ = false;
  }
  void end() {
    if (used_) finish();
    guard_.set_stage(Stage::none);
  }

  /// Of the call that ended last: whether a statement changed anything, or failed where it could have.
  [[nodiscard]] bool wrote() const { return wrote_; }
  /// Of the present call or the last: whether a statement ended the host's transaction.
  [[nodiscard]] bool transaction_lost() const { return lost_; }

  /// Whether the present call or the last has written more than it may. Its SQL is refused from there on.
  [[nodiscard]] bool is_over_size() const { return over_size_; }
  /// Records that as the error of the call. @return ALUDEL_LIMIT
  std::int32_t fail_over_size(Stage stage);

  std::int32_t exec(std::string_view sql);
  std::int32_t prepare(std::string_view sql, aludel_statement** out);
  std::int32_t run(const aludel_statement* id, std::span<const aludel_value> values, std::int64_t* changes);
  std::int32_t query(const aludel_statement* id, std::span<const aludel_value> values);
  std::int32_t next(const aludel_statement* id, const aludel_value** row, std::uint64_t* count);
  std::int32_t column_name(const aludel_statement* id, std::uint64_t index, aludel_str* name);
  [[nodiscard]] std::int64_t last_insert_id() const { return last_insert_id_; }
  /// Hands an emitted event over in the host's transaction. It counts as written.
  std::int32_t add_emitted(EmitSink& sink, const EmittedEvent& event);

 private:
  struct Prepared;

  aludel_statement* id_of(std::size_t index);
  Prepared* find(const aludel_statement* id);
  Prepared* find_idle(std::string_view sql);
  std::int32_t compile(std::string_view sql, unsigned flags, Prepared& out, std::string_view* rest);
  std::int32_t add(Prepared prepared, aludel_statement** out);

  std::int32_t make_ready(Prepared& statement, std::span<const aludel_value> values, bool keep_values);
  std::int32_t require_transaction(const Prepared& statement);
  std::int32_t require_transaction();
  std::int32_t bind(Prepared& statement, std::span<const aludel_value> values, bool keep_values);
  int step(Prepared& statement);
  std::int32_t run_to_end(Prepared& statement);
  void reset(Prepared& statement);

  void limit_values();
  void look_at_size();
  static int on_progress(void* self);

  std::int32_t misuse(std::string_view message);
  std::int32_t failed(int result, std::string_view sql);
  void finish();

  Database& database_;
  CallErrors& errors_;
  const std::uint64_t size_max_;
  int length_max_ = 0;  // of a value, as the host has it
  SqlGuard guard_;
  // What a plugin holds of a statement is the address of one of these, which is compared and never followed.
  std::array<char, limits::handler_statements_max> ids_{};
  std::vector<std::unique_ptr<Prepared>> statements_;
  std::unordered_multimap<std::string_view, std::size_t> by_text_;  // the keys are the statements' own
  std::size_t walked_count_ = 0;
  std::int64_t last_insert_id_ = 0;
  std::int64_t changes_before_ = 0;
  std::uint64_t bytes_before_ = 0;
  bool used_ = false;
  bool wrote_ = false;
  bool lost_ = false;
  bool over_size_ = false;
};

}  // namespace aludel
