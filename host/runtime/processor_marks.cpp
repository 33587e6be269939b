// SPDX-License-Identifier: MIT
#include "runtime/processor_marks.hpp"

#include <string>
#include <utility>

#include "base/limits.hpp"
#include "base/sqlite.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

// Nothing where the log was found to have gone another way.
Result<std::optional<KnownMark>> mark_of(const std::string& name, const std::filesystem::path& directory,
                                         bool durable) {
  const auto database = Database::look(projection_link(directory));
  if (!database) return database.error();
  if (auto begun = (*database)->execute("begin"); !begun) return begun.error();
  auto tables = HostTables::open(**database);
  if (!tables) return tables.error();
  const auto identity = tables->identity();
  if (!identity) return identity.error();
  const auto cursor = tables->cursor();
  if (!cursor) return cursor.error();
  const auto standstill = tables->standstill();
  if (!standstill) return standstill.error();
  if (*standstill && (*standstill)->activity == Activity::diverged) return std::optional<KnownMark>();
  return std::optional(
      KnownMark{"processor " + name, directory, identity->log_id, cursor->position.next, durable});
}

// It is not there, or what is there tells nothing, however often it is read: its processor says so.
bool has_no_cursor(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::corrupt || code == ErrorCode::unsupported ||
         code == ErrorCode::invalid;
}

}  // namespace

ProcessorMarks processor_marks(const DataDirectory& data, bool sync_full) {
  ProcessorMarks found;
  const auto names = data.list_processors();
  if (!names) found.unread = names.error();
  if (!names) return found;
  for (const auto& name : *names) {
    const auto directory = data.processor(name);
    auto mark = mark_of(name, directory, sync_full);
    if (mark && *mark) found.marks.push_back(std::move(**mark));
    if (mark || has_no_cursor(mark.error().code)) continue;
    found.marks.push_back({"processor " + name, directory, {}, limits::log_events_max, sync_full, true});
  }
  return found;
}

}  // namespace aludel
