// SPDX-License-Identifier: MIT
#include "base/sqlite_copy.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include <sqlite3.h>

namespace aludel {

namespace {

constexpr int pages_at_once = 256;

using Connection = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

Result<std::uint64_t> page_size_of(Database& database) {
  auto select = database.prepare("pragma page_size");
  if (!select) return select.error();
  if (const auto row = select->step(); !row) return row.error();
  return static_cast<std::uint64_t>(select->integer(0));
}

// Pages alone are written to it. Not by `Database::open`, whose databases have a write-ahead log.
class Copy {
 public:
  Copy(const std::filesystem::path& from, const std::filesystem::path& to)
      : attempt_("copy the database " + from.string() + " to " + to.string()), opened_(open(to, target_)) {}

  Result<void> fill(Database& source, const os::BytesDone& done) {
    if (opened_ != SQLITE_OK) return failed(opened_);
    if (auto set = execute("pragma synchronous = off"); !set) return set;
    const auto page_size = page_size_of(source);
    if (!page_size) return page_size.error();
    auto* const backup = sqlite3_backup_init(target_.get(), "main", source.handle(), "main");
    if (backup == nullptr) return failed(sqlite3_extended_errcode(target_.get()));
    int result = SQLITE_OK;
    for (int copied = 0; result == SQLITE_OK;) {
      result = sqlite3_backup_step(backup, pages_at_once);
      const int now = sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup);
      done(static_cast<std::uint64_t>(now - copied) * *page_size);
      copied = now;
    }
    const int finished = sqlite3_backup_finish(backup);
    if (result != SQLITE_DONE) return failed(result);
    if (finished != SQLITE_OK) return failed(finished);
    // Its first page says that there is a write-ahead log, as the source has one.
    return execute("pragma journal_mode = delete");
  }

 private:
  static int open(const std::filesystem::path& path, Connection& target) {
    sqlite3* handle = nullptr;
    std::error_code ignored;
    const auto absolute = std::filesystem::absolute(path, ignored);
    const int result = sqlite3_open_v2(
        absolute.c_str(), &handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    target.reset(handle);  // none, if there is no memory for one
    // What cannot be opened to be written SQLite opens to be read.
    if (result == SQLITE_OK && sqlite3_db_readonly(handle, "main") == 1) return SQLITE_CANTOPEN;
    return result;
  }

  Result<void> execute(const char* sql) {
    const int result = sqlite3_exec(target_.get(), sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failed(result);
    return {};
  }

  [[nodiscard]] Error failed(int result) const {
    const int error_number = target_ ? sqlite3_system_errno(target_.get()) : 0;
    const auto code = sqlite_error_code(result, error_number);
    return {code,
            attempt_ + ": " + sqlite3_errstr(result) + (code == ErrorCode::disk_full ? ": make room" : "")};
  }

  const std::string attempt_;
  Connection target_{nullptr, &sqlite3_close};
  const int opened_;
};

}  // namespace

// The transaction keeps the moment from the first page to the last.
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                           const os::BytesDone& done) {
  auto source = Database::open(from, Database::Mode::read_only);
  if (!source) return source.error();
  if (auto begun = (*source)->execute("begin; select 1 from sqlite_schema"); !begun) return begun;
  auto copied = copy_database(**source, to, done);
  auto ended = (*source)->execute("rollback");
  return copied ? ended : copied;
}

Result<void> copy_database(Database& from, const std::filesystem::path& to, const os::BytesDone& done) {
  return Copy(from.path(), to).fill(from, done);
}

}  // namespace aludel
