// SPDX-License-Identifier: MIT
#include "base/sqlite.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sqlite3.h>

#include "base/limits.hpp"
#include "base/os/regular_file.hpp"

namespace aludel {

ErrorCode sqlite_error_code(int result, int error_number) {
  switch (result) {
    case SQLITE_IOERR_NOMEM: return ErrorCode::memory;
    case SQLITE_IOERR_CORRUPTFS: return ErrorCode::corrupt;
    default: break;
  }
  switch (result & 0xff) {
    case SQLITE_FULL: return ErrorCode::disk_full;
    case SQLITE_CANTOPEN:
      return error_number == EACCES || error_number == EPERM ? ErrorCode::denied : ErrorCode::io;
    case SQLITE_IOERR: return ErrorCode::io;
    case SQLITE_NOMEM: return ErrorCode::memory;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::corrupt;
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
    case SQLITE_LOCKED: return ErrorCode::locked;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorCode::denied;
    case SQLITE_INTERRUPT: return ErrorCode::timed_out;
    default: return ErrorCode::invalid;
  }
}

namespace {

bool is_os_failure(int result) {
  return (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN;
}

// What whoever runs the program can do about it, where it is not plain.
std::string_view remedy(ErrorCode code) {
  if (code == ErrorCode::denied) return ": run as the owner of that file, on a disk that can be written";
  if (code == ErrorCode::disk_full) return ": make room";
  if (code == ErrorCode::timed_out) return ": it takes too long to be read, its tables may be damaged";
  return "";
}

Error make_error(sqlite3* db, std::string_view attempt, const std::string& path) {
  const int result = sqlite3_extended_errcode(db);
  const int error_number = is_os_failure(result) ? sqlite3_system_errno(db) : 0;
  const auto code = sqlite_error_code(result, error_number);
  auto words = std::string(attempt) + ": " + sqlite3_errmsg(db);
  if (error_number != 0) words += ", " + std::generic_category().message(error_number);
  return {code, words + " (" + path + ")" + std::string(remedy(code))};
}

// The statement is told where it may be at fault. Else it is the file, the disk or another process, and the
// host's own SQL would tell an operator nothing.
Error sql_error(sqlite3* db, std::string_view verb, std::string_view sql, const std::string& path) {
  constexpr std::size_t shown_max = 100;
  const int result = sqlite3_extended_errcode(db);
  const bool at_fault = sqlite_error_code(result) == ErrorCode::invalid;
  if (!at_fault)
    return make_error(db, (result & 0xff) == SQLITE_READONLY ? "write to the database" : "use the database",
                      path);
  std::string shown(sql.substr(0, shown_max));
  for (auto& c : shown) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (sql.size() > shown_max) shown += "...";
  return make_error(db, std::string(verb) + " \"" + shown + "\"", path);
}

Error statement_error(sqlite3_stmt* statement) {
  sqlite3* db = sqlite3_db_handle(statement);
  const char* path = sqlite3_db_filename(db, "main");
  return sql_error(db, "run", sqlite3_sql(statement), path != nullptr ? path : "");
}

// Binding fails only for a wrong index, a running statement or over 1 GB: bugs of the host.
void must_bind(int result) {
  ALUDEL_ASSERT(result == SQLITE_OK);
}

// SQLite takes a null pointer for NULL, whatever the length.
const char* data_of(std::string_view bytes) {
  return bytes.data() != nullptr ? bytes.data() : "";
}

constexpr int steps_between_looks = 10'000;  // of SQLite's virtual machine: well below a millisecond

int settings_of_every_connection(sqlite3* db) {
  const std::pair<int, int> switches[] = {
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},           {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
  };
  for (const auto& [option, value] : switches) {
    if (const int result = sqlite3_db_config(db, option, value, nullptr); result != SQLITE_OK) return result;
  }
  sqlite3_busy_timeout(db, static_cast<int>(limits::sqlite_busy_time.count()));
  return sqlite3_exec(db, "pragma secure_delete = off; pragma cache_size = -16384", nullptr, nullptr,
                      nullptr);
}

int settings_of_a_reader(sqlite3* db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
}

// The -wal and -shm files stay when the last writer leaves, so that a reader who may not write can open them.
int settings_of_a_writer(sqlite3* db) {
  int persist = 1;
  const int result = sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  if (result != SQLITE_OK) return result;
  return sqlite3_exec(db, "pragma journal_mode = wal", nullptr, nullptr, nullptr);
}

// It opens what lies beside a database without asking, and waits for what is no file.
Result<void> require_regular_files(const std::filesystem::path& path) {
  std::error_code failure;
  auto database = std::filesystem::canonical(path, failure);  // where a link leads
  if (failure) database = path;
  for (const auto* end : {"", "-wal", "-shm", "-journal"}) {
    if (auto regular = os::require_regular_file(database.string() + end); !regular) return regular;
  }
  return {};
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::bind(int index, std::int64_t value) {
  must_bind(sqlite3_bind_int64(handle_, index, value));
  return *this;
}

Statement& Statement::bind(int index, double value) {
  must_bind(sqlite3_bind_double(handle_, index, value));
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  must_bind(sqlite3_bind_text64(handle_, index, data_of(text), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  must_bind(sqlite3_bind_blob64(handle_, index, data_of(bytes), bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null(int index) {
  must_bind(sqlite3_bind_null(handle_, index));
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  auto error = statement_error(handle_);
  sqlite3_reset(handle_);
  return error;
}

Result<void> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Database::Database(sqlite3* handle, std::filesystem::path path) : handle_(handle), path_(std::move(path)) {}

// An open statement here would outlive its VFS.
Database::~Database() {
  ALUDEL_ASSERT(sqlite3_close(handle_) == SQLITE_OK);
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Mode mode,
                                                 std::string_view vfs) {
  const auto attempt = "open the database";
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (status.type() == std::filesystem::file_type::none)
    return os_error(std::string(attempt) + " " + path.string(), failure.value());
  if (mode != Mode::create && !std::filesystem::exists(status)) {
    return Error{ErrorCode::not_found, std::string(attempt) + ": no such file (" + path.string() + ")"};
  }
  if (auto regular = require_regular_files(path); !regular) return regular.error();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  // Absolute, since SQLite may take "file:x" for a URI and ":memory:" for no file at all.
  const auto absolute = std::filesystem::absolute(path, failure);
  const std::string vfs_name(vfs);
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(absolute.c_str(), &handle, flags, vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (handle == nullptr) {
    return Error{ErrorCode::memory, std::string(attempt) + ": out of memory (" + path.string() + ")"};
  }
  auto database = std::unique_ptr<Database>(new Database(handle, path));
  if (opened != SQLITE_OK) return database->error(attempt);
  if (settings_of_every_connection(handle) != SQLITE_OK) return database->error(attempt);
  const int set = mode == Mode::read_only ? settings_of_a_reader(handle) : settings_of_a_writer(handle);
  if (set != SQLITE_OK) return database->error(attempt);
  return database;
}

Result<std::unique_ptr<Database>> Database::look(const std::filesystem::path& path,
                                                 std::chrono::milliseconds time_max) {
  const auto begun = std::chrono::steady_clock::now();
  auto database = open(path, Mode::read_only);
  if (!database) return database;
  auto& looking = **database;
  looking.deadline_ = begun + time_max;
  sqlite3_busy_timeout(looking.handle_, static_cast<int>(time_max.count()));
  sqlite3_progress_handler(looking.handle_, steps_between_looks, is_over, &looking.deadline_);
  sqlite3_limit(looking.handle_, SQLITE_LIMIT_LENGTH, static_cast<int>(limits::query_value_max));
  return database;
}

int Database::is_over(void* deadline) {
  return std::chrono::steady_clock::now() >= *static_cast<Deadline*>(deadline) ? 1 : 0;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &handle, &rest) != SQLITE_OK) {
    return sql_error(handle_, "prepare", sql, path_.string());
  }
  Statement statement(handle);
  sqlite3_stmt* second = nullptr;
  const auto rest_size = static_cast<int>(sql.size()) - static_cast<int>(rest - sql.data());
  const int result = sqlite3_prepare_v3(handle_, rest, rest_size, 0, &second, nullptr);
  const Statement guard(second);
  if (sqlite_error_code(result) != ErrorCode::invalid && result != SQLITE_OK) {
    return sql_error(handle_, "prepare", sql, path_.string());
  }
  if (handle == nullptr || second != nullptr || result != SQLITE_OK) {
    return Error{ErrorCode::invalid,
                 "prepare \"" + std::string(sql) + "\": give exactly one statement (" + path_.string() + ")"};
  }
  return statement;
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sql_error(handle_, "run", sql, path_.string());
  }
  return {};
}

Result<void> Database::sync_log() {
  sqlite3_file* log = nullptr;
  int result = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (result == SQLITE_OK && log != nullptr && log->pMethods != nullptr) {
    result = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  }
  if (result == SQLITE_OK) return {};
  return Error{sqlite_error_code(result), "sync the write-ahead log of " + path_.string() + ": " +
                                              sqlite3_errstr(result) +
                                              ": look for the disk in the system's log"};
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

std::int64_t Database::total_changes() const {
  return sqlite3_total_changes64(handle_);
}

std::uint64_t Database::bytes_written() {
  if (page_size_ == 0) {
    auto pragma = prepare("pragma page_size");
    const auto row = pragma ? pragma->step() : Result<bool>(false);
    page_size_ = row && *row ? static_cast<std::uint64_t>(pragma->integer(0)) : 4096;
  }
  int pages = 0;
  int highest = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1);
  return bytes_written_ += static_cast<std::uint64_t>(pages) * page_size_;
}

Error Database::error(std::string_view attempt) const {
  return make_error(handle_, attempt, path_.string());
}

}  // namespace aludel
