// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite, behind `Result`. The only place that includes sqlite3.h is sqlite*.cpp in this folder, and the
/// bridge's SQL.
namespace aludel {

/// The kind of failure that an (extended) result code of SQLite's stands for.
/// @param error_number `sqlite3_system_errno`, 0 if unknown: tells "may not" from "cannot" for CANTOPEN
[[nodiscard]] ErrorCode sqlite_error_code(int result, int error_number = 0);

/// A prepared statement of the host's own. Not for two threads at once.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Parameters count from 1. Text and blobs are borrowed until the next `reset`.
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  /// true: a row is there; false: done, and reset. An error resets too.
  Result<bool> step();
  /// Runs to the end and resets.
  Result<void> run();
  void reset();

  /// Columns count from 0; valid until the next `step` or `reset`.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

  [[nodiscard]] sqlite3_stmt* handle() const { return handle_; }

 private:
  sqlite3_stmt* handle_ = nullptr;
};

/// A connection. One thread at a time.
class Database {
 public:
  enum class Mode { read_only, read_write, create };

  /// Opens with the settings every connection of the host has: extended result codes, no load_extension,
  /// trusted_schema off, secure_delete off, foreign keys on, defensive, WAL that persists (writers), a busy
  /// timeout. What is opened to be read only has no views: they are SQL of a plugin's.
  /// @param vfs name of a registered VFS; empty for the default
  /// @return corrupt, denied, io, locked, not_found: the path is named
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Mode mode,
                                                std::string_view vfs = {});
  /// Opens to read a few rows of what a plugin may have spoilt: no view is followed, and all that is done
  /// with it has `time_max` together, waiting for locks too.
  /// @return as above; from there on also timed_out
  static Result<std::unique_ptr<Database>> look(const std::filesystem::path& path,
                                                std::chrono::milliseconds time_max = limits::look_time_max);
  /// All statements are gone before.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// @return invalid: not SQL, or not exactly one statement
  Result<Statement> prepare(std::string_view sql);
  /// One or more statements without parameters.
  Result<void> execute(const char* sql);

  /// Writes the write-ahead log through to the disk: all that was committed is durable then, whatever
  /// `synchronous` says. Outside of a transaction. @return io
  Result<void> sync_log();

  [[nodiscard]] bool in_transaction() const;
  /// Rows ever changed through this connection.
  [[nodiscard]] std::int64_t total_changes() const;
  /// Bytes of pages ever written through it. In a transaction those that its cache (16 MiB) has no room for
  /// are, the others with the commit.
  [[nodiscard]] std::uint64_t bytes_written();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] sqlite3* handle() const { return handle_; }

  /// The error of SQLite's that was reported last, as "<attempt>: <sqlite's words> (<path>)".
  [[nodiscard]] Error error(std::string_view attempt) const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Database(sqlite3* handle, std::filesystem::path path);
  static int is_over(void* deadline);

  sqlite3* handle_;
  std::filesystem::path path_;
  std::uint64_t page_size_ = 0;  ///< 0: nobody has asked
  std::uint64_t bytes_written_ = 0;
  Deadline deadline_;  ///< of a look
};

}  // namespace aludel
