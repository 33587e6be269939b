// SPDX-License-Identifier: MIT
#include "processor/projection.hpp"

#include <system_error>
#include <utility>

#include "base/os/file.hpp"

namespace aludel {

namespace {

constexpr const char* first_generation = "projection-1.db";

// docs/decisions/0031-projection-settings.md
constexpr const char* settings =
    "pragma synchronous = normal;"
    "pragma wal_autocheckpoint = 16000;"
    "pragma journal_size_limit = 67108864;"
    "pragma temp_store = memory;";

Error unusable(const std::filesystem::path& file, ErrorCode code, std::string_view what, const char* reason) {
  return {code,
          "open the projection " + file.string() + ": " + std::string(what) +
              "; restore it, or remove the processor's folder to have it made anew from the log",
          reason};
}

// A link counts, whether or not there is something behind it.
Result<bool> stands_at(const std::filesystem::path& path) {
  std::error_code failure;
  const auto status = std::filesystem::symlink_status(path, failure);
  if (status.type() == std::filesystem::file_type::none) {
    return os_error("look at " + path.string(), failure.value());
  }
  return std::filesystem::exists(status);
}

Result<void> check_link(const std::filesystem::path& link) {
  std::error_code failure;
  if (std::filesystem::exists(link, failure)) return {};
  if (failure) return os_error("open the projection " + link.string(), failure.value());
  return unusable(link, ErrorCode::corrupt, "the database that it links to is missing", "no_projection");
}

// Looked at without writing, so that what is no projection stays as it is. A database whose writer was killed
// at a bad moment has to be recovered first, which only a writer can (SQLITE_READONLY_RECOVERY).
Result<std::unique_ptr<Database>> open_to_look(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Mode::read_only);
  if (database || database.error().code != ErrorCode::denied) return database;
  return Database::open(file, Database::Mode::read_write);
}

Result<void> check_database(const std::filesystem::path& file, bool may_be_empty) {
  auto database = open_to_look(file);
  if (!database) return database.error();
  const auto ours = HostTables::exist(**database);
  if (!ours) return ours.error();
  if (*ours) return {};
  auto any = (*database)->prepare("select 1 from sqlite_schema");
  if (!any) return any.error();
  const auto filled = any->step();
  if (!filled) return filled.error();
  if (*filled) {
    return unusable(file, ErrorCode::conflict, "it is a database of something else", "foreign_projection");
  }
  if (may_be_empty) return {};
  return unusable(file, ErrorCode::corrupt, "the database is empty", "empty_projection");
}

}  // namespace

std::filesystem::path projection_link(const std::filesystem::path& directory) {
  return directory / "projection.db";
}

Result<std::optional<std::filesystem::path>> find_projection(const std::filesystem::path& directory) {
  using Found = std::optional<std::filesystem::path>;
  const auto link = projection_link(directory);
  const auto linked = stands_at(link);
  if (!linked) return linked.error();
  if (*linked) return Found(link);
  const auto first = directory / first_generation;
  const auto made = stands_at(first);
  if (!made) return made.error();
  if (!*made) return Found();
  const auto database = Database::look(first);
  if (!database) return database.error();
  const auto ours = HostTables::exist(**database);
  if (!ours) return ours.error();
  return *ours ? Found(first) : Found();
}

std::filesystem::path reset_lock(const std::filesystem::path& directory) {
  return directory / "reset.lock";
}

Projection::Projection(std::filesystem::path directory, std::unique_ptr<ClockVfs> clock,
                       std::unique_ptr<Database> database)
    : directory_(std::move(directory)),
      clock_(std::move(clock)),
      database_(std::move(database)),
      letters_(*database_),
      outbox_(*database_) {}

Result<std::unique_ptr<Projection>> Projection::open(const std::filesystem::path& directory) {
  const auto link = projection_link(directory);
  const auto first = directory / first_generation;
  const auto linked = stands_at(link);
  if (!linked) return linked.error();
  const auto made = stands_at(first);
  if (!made) return made.error();
  if (*linked) {
    if (auto whole = check_link(link); !whole) return whole.error();
  }
  if (*linked || *made) {
    // Without a link it may be that a crash came before the tables.
    if (auto ours = check_database(*linked ? link : first, !*linked); !ours) return ours.error();
  }
  auto clock = std::make_unique<ClockVfs>();
  auto database = *linked ? Database::open(link, Database::Mode::read_write, clock->name())
                          : Database::open(first, Database::Mode::create, clock->name());
  if (!database) return database.error();
  std::unique_ptr<Projection> projection(new Projection(directory, std::move(clock), std::move(*database)));
  if (auto ready = projection->prepare(); !ready) return ready.error();
  return projection;
}

Result<void> Projection::prepare() {
  if (auto set = database_->execute(settings); !set) return set.error();
  for (auto [statement, sql] :
       {std::pair{&begin_, "begin immediate"}, {&commit_, "commit"}, {&rollback_, "rollback"}}) {
    auto prepared = database_->prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  const auto there = HostTables::exist(*database_);
  if (!there) return there.error();
  if (!*there) return {};
  if (auto opened = open_tables(); !opened) return opened.error();
  // A crash may have come between the tables and the link.
  return publish();
}

// On the disk before the link is: what that names is whole even after a loss of power.
Result<void> Projection::initialise(const ProjectionIdentity& identity, const Position& start) {
  if (auto set = database_->execute("pragma synchronous = full"); !set) return set.error();
  if (auto begun = begin(); !begun) return begun.error();
  auto made = HostTables::make(*database_, identity, start);
  if (made) made = commit();
  if (!made) {
    if (auto undone = rollback(); !undone) return undone.error();
    return made.error();
  }
  if (auto set = database_->execute("pragma synchronous = normal"); !set) return set.error();
  if (auto opened = open_tables(); !opened) return opened.error();
  return publish();
}

Result<void> Projection::open_tables() {
  auto tables = HostTables::open(*database_);
  if (!tables) return tables.error();
  tables_ = std::make_unique<HostTables>(std::move(*tables));
  if (tables_->is_current()) return {};
  if (auto begun = begin(); !begun) return begun;
  auto done = tables_->upgrade();
  if (done) done = commit();
  if (!done) {
    if (auto undone = rollback(); !undone) return undone;
  }
  return done;
}

Result<void> Projection::publish() {
  const auto link = projection_link(directory_);
  const auto linked = stands_at(link);
  if (!linked) return linked.error();
  if (*linked) return {};
  std::error_code failure;
  std::filesystem::create_symlink(first_generation, link, failure);
  if (failure) return os_error("link " + link.string() + " to " + first_generation, failure.value());
  return os::real_file_system().sync_directory(directory_);
}

Result<void> Projection::begin() {
  return begin_.run();
}

Result<void> Projection::commit() {
  return commit_.run();
}

Result<void> Projection::begin_durable() {
  if (auto set = database_->execute("pragma synchronous = full"); !set) return set;
  return begin();
}

Result<void> Projection::commit_durable() {
  if (auto committed = commit(); !committed) return committed;
  return database_->execute("pragma synchronous = normal");
}

Result<void> Projection::rollback() {
  if (!database_->in_transaction()) return {};
  return rollback_.run();
}

Result<void> Projection::record(const Standstill& standstill) {
  if (auto begun = begin(); !begun) return begun.error();
  auto noted = tables_->note_standstill(standstill);
  if (noted) noted = commit();
  if (!noted) {
    if (auto undone = rollback(); !undone) return undone.error();
  }
  return noted;
}

}  // namespace aludel
