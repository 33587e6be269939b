// SPDX-License-Identifier: MIT
#include "runtime/projection_check.hpp"

#include "base/sqlite.hpp"
#include "processor/consistency.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

Result<void> check_cursor(Database& database, EventReader& log, std::vector<std::string>& faults) {
  auto tables = HostTables::open(database);
  if (!tables) return tables.error();
  const auto identity = tables->identity();
  if (!identity) return identity.error();
  const auto cursor = tables->cursor();
  if (!cursor) return cursor.error();
  if (identity->log_id != log.log_id()) {
    faults.push_back("it belongs to the log " + identity->log_id.to_string() + ", not to this one");
    return {};
  }
  const auto& position = cursor->position;
  if (position.next == 0) return {};
  if (position.next > log.tip()) {
    faults.push_back("its cursor " + std::to_string(position.next - 1) + " lies beyond the log's last event");
    return {};
  }
  const auto fingerprint = log.block_fingerprint(position.next - 1);
  // That was dropped: it is expired, but not damaged.
  if (!fingerprint && fingerprint.error().code == ErrorCode::not_found) return {};
  if (!fingerprint) return fingerprint.error();
  if (*fingerprint != position.fingerprint) {
    faults.push_back("it was made from another history of the log than event " +
                     std::to_string(position.next - 1) + " has now");
  }
  return {};
}

}  // namespace

// In one transaction, as the owner may be at work.
Result<std::vector<std::string>> check_projection(const std::filesystem::path& directory, EventReader& log) {
  auto database = Database::open(projection_link(directory), Database::Mode::read_only);
  if (!database) return database.error();
  if (auto begun = (*database)->execute("begin"); !begun) return begun.error();
  auto faults = database_faults(**database);
  if (!faults || !faults->empty()) return faults;
  faults = host_table_faults(**database);
  if (!faults) return faults;
  if (auto checked = check_cursor(**database, log, *faults); !checked) return checked.error();
  return faults;
}

}  // namespace aludel
