// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "base/uuid.hpp"
#include "plugin/description.hpp"
#include "processor/command.hpp"
#include "processor/cursor.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// Whose projection it is.
struct ProjectionIdentity {
  std::string handler_id;
  std::string handler_version;           ///< that was up last
  std::uint32_t projection_version = 0;  ///< of the handler's tables; 0: there are none yet
  Uuid log_id;
  Uuid producer_id;  ///< under which it emits; random
};

/// What an operator's commands have made of a processor.
struct ControlState {
  std::optional<std::int64_t> paused_ns;  ///< since when it is paused, wall clock; nothing: it is not
  std::uint64_t rebuild_below = 0;        ///< events below were delivered before a reset
  std::int64_t applied = 0;               ///< the command applied last; 0: none yet
  std::int64_t unfinished = 0;            ///< a replay that is under way; 0: none
};

/// The host's own tables in a projection, all named `_aludel_*` (docs/projection-format.md). Handlers cannot
/// name them.
///
/// Borrows the database. Whatever writes belongs into a transaction of the caller's.
class HostTables {
 public:
  /// The newest format that this build reads, and the one that it writes.
  static constexpr std::int64_t format = 2;

  /// Whether the database has them.
  static Result<bool> exist(Database& database);
  /// Makes them, with the cursor at `start`.
  static Result<void> make(Database& database, const ProjectionIdentity& identity, const Position& start);
  /// @return unsupported: made by a newer Aludel; corrupt
  static Result<HostTables> open(Database& database);
  /// Brings tables of an older format to this one, in a transaction of the caller's.
  Result<void> upgrade();
  [[nodiscard]] bool is_current() const { return found_format_ == format; }

  [[nodiscard]] Result<ProjectionIdentity> identity();
  [[nodiscard]] Result<Cursor> cursor();
  /// Where the processor began.
  [[nodiscard]] Result<Position> start();
  [[nodiscard]] Result<std::optional<Standstill>> standstill();
  /// Events that were dropped from the log before the processor came to them.
  [[nodiscard]] Result<std::uint64_t> expired();
  /// Events ever emitted under its producer: the log knows no more of them.
  [[nodiscard]] Result<std::uint64_t> emitted();
  /// Events in the outbox.
  [[nodiscard]] Result<std::uint64_t> emits_pending();

  /// @return conflict: the cursor is not at `from`, so somebody else has moved it
  Result<void> move_cursor(const Position& from, const Cursor& to);
  /// That this handler is up, or made tables of this version.
  Result<void> note_handler(const HandlerDescription& handler, std::uint32_t projection_version);
  /// What the handler that was up last has subscribed to.
  [[nodiscard]] Result<std::vector<Subscription>> subscriptions();
  /// One that is about no event leaves in place what is noted of the event that the processor stands at: its
  /// attempts go on counting, and the host keeps the reason beside the projection.
  Result<void> note_standstill(const Standstill& standstill);
  Result<void> clear_standstill();
  /// Counts the open dead letters anew.
  Result<void> count_letters();
  /// So many events were dropped before it came to them.
  Result<void> count_expired(std::uint64_t events);
  /// One letter has become a handled event.
  Result<void> count_replayed();

  [[nodiscard]] Result<ControlState> control();
  Result<void> set_paused(std::optional<std::int64_t> since_ns);
  /// A result that is not finished is noted again when it is.
  Result<void> note_command(std::int64_t id, const CommandResult& result);
  [[nodiscard]] Result<std::optional<CommandResult>> command_result(std::int64_t id);
  /// The cursor where it begins, on this log, of which nothing is counted but what is expired; no tables of
  /// the handler's. Identity and commands stay.
  Result<void> begin_anew(const Position& start, std::uint64_t expired, std::uint64_t rebuild_below,
                          const Uuid& log_id);

 private:
  HostTables(Database& database, std::int64_t found) : database_(&database), found_format_(found) {}

  Database* database_;
  std::int64_t found_format_;
  Statement move_cursor_;  // the only one that runs once a batch
};

}  // namespace aludel
