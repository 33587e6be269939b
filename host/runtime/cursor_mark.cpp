// SPDX-License-Identifier: MIT
#include "runtime/cursor_mark.hpp"

#include "base/sqlite.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

Result<CursorMark> read(Database& database) {
  if (auto begun = database.execute("begin"); !begun) return begun.error();
  auto tables = HostTables::open(database);
  if (!tables) return tables.error();
  const auto identity = tables->identity();
  if (!identity) return identity.error();
  const auto cursor = tables->cursor();
  if (!cursor) return cursor.error();
  return CursorMark{identity->log_id, cursor->position.next};
}

}  // namespace

// What was read is in the write-ahead log, or in the database, which SQLite syncs before it begins that log
// anew.
Result<CursorMark> durable_cursor_mark(const std::filesystem::path& directory) {
  const auto database = Database::look(projection_link(directory));
  if (!database) return database.error();
  const auto mark = read(**database);
  if (!mark) return mark.error();
  if (auto ended = (*database)->execute("commit"); !ended) return ended.error();
  if (auto synced = (*database)->sync_log(); !synced) return synced.error();
  return *mark;
}

}  // namespace aludel
