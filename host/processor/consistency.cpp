// SPDX-License-Identifier: MIT
#include "processor/consistency.hpp"

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

}  // namespace

Result<std::vector<std::string>> database_faults(Database& database) {
  std::vector<std::string> faults;
  constexpr const char* check =
      "select integrity_check from pragma_integrity_check(20) where integrity_check <> 'ok'";
  if (auto collected = collect(database, check, faults); !collected) return collected.error();
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
