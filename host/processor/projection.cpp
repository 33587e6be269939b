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

}  // namespace

std::filesystem::path projection_link(const std::filesystem::path& directory) {
  return directory / "projection.db";
}

Projection::Projection(std::filesystem::path directory, std::unique_ptr<ClockVfs> clock,
                       std::unique_ptr<Database> database)
    : directory_(std::move(directory)), clock_(std::move(clock)), database_(std::move(database)) {}

Result<std::unique_ptr<Projection>> Projection::open(const std::filesystem::path& directory) {
  auto clock = std::make_unique<ClockVfs>();
  const auto link = projection_link(directory);
  std::error_code ignored;
  const bool known = std::filesystem::exists(std::filesystem::symlink_status(link, ignored));
  auto database = known ? Database::open(link, Database::Mode::read_write, clock->name())
                        : Database::open(directory / first_generation, Database::Mode::create, clock->name());
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

Result<void> Projection::initialise(const ProjectionIdentity& identity) {
  if (auto begun = begin(); !begun) return begun.error();
  auto made = HostTables::make(*database_, identity);
  if (made) made = commit();
  if (!made) {
    if (auto undone = rollback(); !undone) return undone.error();
    return made.error();
  }
  if (auto opened = open_tables(); !opened) return opened.error();
  return publish();
}

Result<void> Projection::open_tables() {
  auto tables = HostTables::open(*database_);
  if (!tables) return tables.error();
  tables_ = std::make_unique<HostTables>(std::move(*tables));
  return {};
}

Result<void> Projection::publish() {
  const auto link = projection_link(directory_);
  std::error_code failure;
  if (std::filesystem::exists(std::filesystem::symlink_status(link, failure))) return {};
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
