// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "base/uuid.hpp"
#include "processor/cursor.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// Whose projection it is.
struct ProjectionIdentity {
  std::string handler_id;
  std::string handler_version;           ///< that was up last
  std::uint32_t projection_version = 0;  ///< of the handler's tables; 0: there are none yet
  Uuid log_id;
  Uuid producer_id;  ///< under which it emits; random, kept over rebuilds
};

/// The host's own tables in a projection, all named `_aludel_*` (docs/projection-format.md). Handlers cannot
/// name them.
///
/// Borrows the database. Whatever writes belongs into a transaction of the caller's.
class HostTables {
 public:
  /// The newest format that this build reads and writes.
  static constexpr std::int64_t format = 1;

  /// Whether the database has them.
  static Result<bool> exist(Database& database);
  /// Makes them, with the cursor before the first event.
  static Result<void> make(Database& database, const ProjectionIdentity& identity);
  /// @return unsupported: made by a newer Aludel; corrupt
  static Result<HostTables> open(Database& database);

  [[nodiscard]] Result<ProjectionIdentity> identity();
  [[nodiscard]] Result<Cursor> cursor();
  [[nodiscard]] Result<std::optional<Standstill>> standstill();

  /// @return conflict: the cursor is not at `from`, so somebody else has moved it
  Result<void> move_cursor(const Position& from, const Cursor& to);
  Result<void> note_handler(const std::string& version, std::uint32_t projection_version);
  Result<void> note_standstill(const Standstill& standstill);
  Result<void> clear_standstill();

 private:
  explicit HostTables(Database& database) : database_(&database) {}

  Database* database_;
  Statement move_cursor_;  // the only one that runs once a batch
};

}  // namespace aludel
