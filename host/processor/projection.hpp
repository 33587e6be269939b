// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "base/sqlite_clock_vfs.hpp"
#include "processor/host_tables.hpp"
#include "processor/letters.hpp"
#include "processor/outbox.hpp"

namespace aludel {

/// The database that a processor's handler writes, with the host's own tables beside the handler's.
///
/// `projection.db` in the processor's directory is a symbolic link to the generation in use,
/// `projection-1.db`. Belongs to the processor's thread; the caller holds the processor's lock.
class Projection {
 public:
  /// Opens the projection, or a new database if there is none yet. A database without a link is taken up if
  /// it has the host's tables, or nothing in it.
  /// @return unsupported: made by a newer Aludel; corrupt: also a link without a database, or with an empty
  /// one; conflict: it is no projection; denied, io, locked
  static Result<std::unique_ptr<Projection>> open(const std::filesystem::path& directory);

  /// Makes the host's tables and the link, for what has just been made.
  Result<void> initialise(const ProjectionIdentity& identity, const Position& start);
  /// Whether `tables` may be called: `initialise` has been, now or earlier.
  [[nodiscard]] bool initialised() const { return tables_ != nullptr; }

  /// The processor's.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] Database& database() { return *database_; }
  /// What SQL takes for the present.
  [[nodiscard]] ClockVfs& clock() { return *clock_; }
  [[nodiscard]] HostTables& tables() { return *tables_; }
  [[nodiscard]] Letters& letters() { return letters_; }
  [[nodiscard]] Outbox& outbox() { return outbox_; }

  /// Begins with the write lock taken, since a later upgrade would fail at once against another writer.
  Result<void> begin();
  Result<void> commit();
  /// The same for what an operator was promised: once committed it survives power loss.
  Result<void> begin_durable();
  Result<void> commit_durable();
  /// What was committed survives power loss from here on.
  Result<void> sync() { return database_->sync_log(); }
  /// Ends the transaction without a trace, if one is open.
  Result<void> rollback();

  /// Notes in a transaction of its own why the processor stands still.
  Result<void> record(const Standstill& standstill);

 private:
  Projection(std::filesystem::path directory, std::unique_ptr<ClockVfs> clock,
             std::unique_ptr<Database> database);
  Result<void> prepare();
  Result<void> open_tables();
  Result<void> publish();

  std::filesystem::path directory_;
  // Torn down from below: statements, then the connection, then its VFS.
  std::unique_ptr<ClockVfs> clock_;
  std::unique_ptr<Database> database_;
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  std::unique_ptr<HostTables> tables_;
  Letters letters_;
  Outbox outbox_;
};

/// Where the projection is: by its link, or, if that is missing, the database that `Projection::open` takes
/// up. Nothing: there is none yet. @return denied, io, locked
[[nodiscard]] Result<std::optional<std::filesystem::path>> find_projection(
    const std::filesystem::path& directory);

/// The link to the generation in use.
[[nodiscard]] std::filesystem::path projection_link(const std::filesystem::path& directory);

/// The lock between a reset, which sets the cursor back, and whoever drops events as the cursor is past them:
/// held by the one until it has committed, by the other from its look at the cursor until they are gone.
[[nodiscard]] std::filesystem::path reset_lock(const std::filesystem::path& directory);

}  // namespace aludel
