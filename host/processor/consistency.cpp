// SPDX-License-Identifier: MIT
#include "processor/consistency.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "processor/host_tables.hpp"

namespace aludel {

namespace {

// Each gives a row, and in it what is wrong, for every fault.
constexpr const char* contradictions[] = {
    "select 'its cursor counts ' || dead_letters || ' open dead letters, there are ' || open from "
    "(select dead_letters, (select count(*) from _aludel_letter where state in "
    "('dead', 'replaying', 'permanent')) as open from _aludel_cursor) where dead_letters <> open",

    "select 'its cursor lies before event ' || start_next || ', where it began' from _aludel_cursor "
    "where next < start_next",

    "select 'dead letter ' || id || ' is in the state ''' || state || ''', which there is not' "
    "from _aludel_letter where state not in ('dead', 'replaying', 'replayed', 'discarded', 'permanent')",

    "select 'dead letter ' || id || ' is ' || state || ', but due for a replay' from _aludel_letter "
    "where state in ('replayed', 'discarded', 'permanent') and next_replay_ns is not null",

    "select 'dead letter ' || id || ' is open, but of event ' || event_id || ', to which it has not come' "
    "from _aludel_letter where state in ('dead', 'replaying', 'permanent') "
    "and event_id >= (select next from _aludel_cursor)",

    "select 'dead letter ' || id || ' is chosen for a replay, but none is under way' from _aludel_letter "
    "where state = 'replaying' and not exists (select 1 from _aludel_command where not finished)",

    "select count(*) || ' replays are under way at once' from _aludel_command where not finished "
    "having count(*) > 1",

    "select 'emitted events are missing: there are ' || count(*) || ', from ' || min(sequence) || ' to ' || "
    "max(sequence) || ', of which the log has those below ' || relayed from _aludel_outbox, _aludel_identity "
    "having min(sequence) <> relayed or max(sequence) - min(sequence) + 1 <> count(*)",

    "select 'emitted event ' || sequence || ' has depth ' || depth from _aludel_outbox "
    "where depth not between 1 and 32",
};

Result<void> collect(Database& database, const char* sql, std::vector<std::string>& faults) {
  auto select = database.prepare(sql);
  if (!select) return select.error();
  for (;;) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return {};
    faults.emplace_back(select->text(0));
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

ErrorCode code_told_in(std::string_view line) {
  constexpr std::string_view before = "error code=";
  const auto at = line.find(before);
  if (at == std::string_view::npos) return ErrorCode::corrupt;
  int code = 0;
  const auto number = line.substr(at + before.size());
  (void)std::from_chars(number.data(), number.data() + number.size(), code);
  return code == 0 ? ErrorCode::corrupt : sqlite_error_code(code);
}

}  // namespace

// A line each. Pages that cannot be had are told like faulty ones, with SQLite's code: a failed read, or too
// little memory, is no fault of the database.
Result<std::vector<std::string>> database_faults(Database& database) {
  std::vector<std::string> told, faults;
  constexpr const char* check =
      "select integrity_check from pragma_integrity_check(20) where integrity_check <> 'ok'";
  if (auto collected = collect(database, check, told); !collected) return collected.error();
  for (const auto& row : told) {
    for (const auto line : lines_of(row)) {
      if (line.starts_with("*** in database")) continue;
      if (const auto code = code_told_in(line); code != ErrorCode::corrupt)
        return Error(code,
                     "check the database: " + std::string(line) + " (" + database.path().string() + ")");
      faults.emplace_back(line);
    }
  }
  return faults;
}

Result<std::vector<std::string>> host_table_faults(Database& projection) {
  std::vector<std::string> faults;
  auto tables = HostTables::open(projection);
  if (!tables) return tables.error();
  if (const auto standstill = tables->standstill(); !standstill) return standstill.error();
  if (const auto control = tables->control(); !control) return control.error();
  // Those of an older format have little that could contradict itself.
  if (!tables->is_current()) return faults;
  for (const auto* sql : contradictions) {
    if (auto collected = collect(projection, sql, faults); !collected) return collected.error();
  }
  return faults;
}

}  // namespace aludel
