// SPDX-License-Identifier: MIT
#include "runtime/unused_folder.hpp"

#include <string>

#include "base/sqlite.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

constexpr std::string_view database_name = "projection-1.db";

bool links_to_database(const std::filesystem::path& link) {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(link, failure);
  return !failure && target == database_name;
}

bool is_untouched(const std::filesystem::path& file) {
  auto database = Database::look(file, limits::short_look_time_max);
  if (!database) return false;
  auto any = (*database)->prepare("select 1 from sqlite_schema");
  if (!any) return false;
  const auto filled = any->step();
  any->reset();
  if (!filled || !*filled) return filled.has_value();
  auto tables = HostTables::open(**database);
  if (!tables) return false;
  const auto identity = tables->identity();
  auto at_start = (*database)->prepare("select next = start_next from _aludel_cursor");
  if (!identity || !at_start) return false;
  const auto found = at_start->step();
  return found && *found && at_start->integer(0) != 0 && identity->projection_version == 0;
}

}  // namespace

bool nothing_committed(const std::filesystem::path& directory) {
  bool link = false;
  bool database = false;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with("projection")) continue;
    if (name == projection_link({}).string()) {
      link = true;
      if (!links_to_database(at->path())) return false;
    } else if (name == database_name) {
      database = true;
      if (!is_untouched(at->path())) return false;
    } else if (!name.starts_with(database_name)) {  // -wal, -shm
      return false;
    }
  }
  return !failure && (database || !link);
}

}  // namespace aludel
