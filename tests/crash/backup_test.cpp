// SPDX-License-Identifier: MIT
// What a backup and a restore ask of the system, call by call.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "backup_session.hpp"
#include "support/system_faults.hpp"
#include "support/unsynced.hpp"

namespace aludel {

namespace {

constexpr auto always = std::numeric_limits<std::size_t>::max();

struct Unseen {
  BackupSession::Which which;
  const char* path;  // the end of it
};

constexpr Unseen unseen[] = {
    {BackupSession::Which::backup, "backups/log"},
    {BackupSession::Which::backup, "data/processors"},
    {BackupSession::Which::backup, "data/processors/x/projection.db"},
    {BackupSession::Which::backup, "data/processors/x/control.db"},
    {BackupSession::Which::backup, "data/processors/z/projection.db"},
    {BackupSession::Which::restore, "restored/restore.whole"},
    {BackupSession::Which::restore, "restored/processors"},
    {BackupSession::Which::restore, "restored/restore.whole/processors"},
    {BackupSession::Which::restore, "restored/restore.whole/aludel.toml"},
    {BackupSession::Which::restore, "restored/aludel.toml"},
    {BackupSession::Which::restore, "restored/restore.whole/log"},
    {BackupSession::Which::rest_of_restore, "restored/restore.whole/processors"},
    {BackupSession::Which::rest_of_restore, "restored/log/first"},
};

}  // namespace

TEST_CASE("what cannot be looked at is not taken for missing by a backup or restore") {
  BackupSession session;
  for (const auto& [which, path] : unseen) {
    const std::string its_path(path);
    CAPTURE(its_path);
    session.prepare(which);
    {
      const SystemFaults faults(SystemFaults::Of::io, 0, always, path);
      const auto made = session.run(which);
      CHECK(faults.failed() > 0);
      CHECK(made.has_error());
    }
    session.check_failed(which);
    REQUIRE(session.run(which));
    session.check_done(which);
    session.check_untouched();
  }
}

TEST_CASE("what was backed up or restored is durable before it has its name, and once it is done") {
  BackupSession session;
  for (const auto which : BackupSession::all) {
    session.prepare(which);
    Unsynced unsynced;
    unsynced.on_rename = [&](const std::filesystem::path& from, const std::filesystem::path&) {
      const auto what = from.string();
      CAPTURE(what);
      if (std::filesystem::is_directory(from)) CHECK(unsynced.in(from) == std::vector<std::string>());
    };
    REQUIRE(session.run(which));
    CHECK(unsynced.in(session.target(which)) == std::vector<std::string>());
  }
}

// Else a power loss may leave a draft of which a part has gone.
TEST_CASE("a restore puts nothing into place before the name that tells that all is there is durable") {
  BackupSession session;
  for (const auto which : {BackupSession::Which::restore, BackupSession::Which::rest_of_restore}) {
    const auto root = session.target(which);
    Unsynced unsynced;  // of the restore that was cut off, too
    session.prepare(which);
    int moved = 0;
    unsynced.on_rename = [&](const std::filesystem::path& from, const std::filesystem::path&) {
      if (from.parent_path() != root / "restore.whole" || ++moved > 1) return;
      const auto found = unsynced.in(root);
      CHECK(std::count(found.begin(), found.end(), root.string()) == 0);
    };
    REQUIRE(session.run(which));
    CHECK(moved >= 3);
  }
}

}  // namespace aludel
