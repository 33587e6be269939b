// SPDX-License-Identifier: MIT
// Makes each call on files that a backup or a restore makes fail in turn, and each allocation of SQLite's:
// `./dev faults backup`.
#define DOCTEST_CONFIG_IMPLEMENT
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "backup_session.hpp"
#include "fault_walk.hpp"
#include "support/sqlite_faults.hpp"
#include "support/system_faults.hpp"

namespace aludel {

namespace {

FaultWalk walk;  // doctest's cases take no arguments

struct Mode {
  const char* name;
  std::optional<SystemFaults::Of> what;  // nothing: allocations
  bool lasts;
};

constexpr Mode modes[] = {
    {"I/O", SystemFaults::Of::io, false},
    {"I/O, lasting", SystemFaults::Of::io, true},
    {"disk full", SystemFaults::Of::disk_full, false},
    {"disk full, lasting", SystemFaults::Of::disk_full, true},
    {"half writes", SystemFaults::Of::half_writes, false},
    {"memory", std::nullopt, false},
    {"memory, lasting", std::nullopt, true},
};

// @return how many calls failed, and what came of it
template <typename Run>
std::pair<std::size_t, Result<Backup>> run_faulty(const Mode& mode, std::size_t passed, const Run& run) {
  const auto count = mode.lasts ? std::numeric_limits<std::size_t>::max() : 1;
  if (mode.what) {
    const SystemFaults faults(*mode.what, passed, count);
    auto result = run();
    return {faults.failed(), std::move(result)};
  }
  SqliteFaults faults;
  faults.fail_after(SqliteFaults::Of::memory, passed, count);
  auto result = run();
  return {faults.heal(), std::move(result)};
}

// Allocations are many, so a sample takes fewer of them.
FaultWalk walk_of(const Mode& mode) {
  auto its = walk;
  if (!mode.what && walk.one_in > 1) its.one_in *= 8;
  return its;
}

// By SQLite: a read that failed as a damaged file system, locks that failed as a quarrel over them.
bool is_told_otherwise(const Error& error) {
  const auto has = [&](const char* words) { return error.message.find(words) != std::string::npos; };
  if (error.code == ErrorCode::locked) return has("locking protocol") || has("is locked");
  return error.code == ErrorCode::corrupt &&
         (has("disk I/O error") || has("malformed") || has("error code=8458"));
}

void check_error(const Error& error) {
  const auto& message = error.message;
  CAPTURE(message);
  CHECK((error.code == ErrorCode::io || error.code == ErrorCode::disk_full ||
         error.code == ErrorCode::memory || is_told_otherwise(error)));
  CHECK(message.find('/') != std::string::npos);
  CHECK(message.find('\n') == std::string::npos);
}

// @return whether a call failed
bool check_fault(BackupSession& session, BackupSession::Which which, const Mode& mode, std::size_t passed) {
  const std::string fails(mode.name);
  const auto what = static_cast<int>(which);
  CAPTURE(what);
  CAPTURE(fails);
  CAPTURE(passed);
  session.prepare(which);
  const auto [failed, result] = run_faulty(mode, passed, [&] { return session.run(which); });
  if (result) {
    session.check_done(which);
  } else {
    check_error(result.error());
    session.check_failed(which);
    REQUIRE(session.run(which));
    session.check_done(which);
  }
  session.check_untouched();
  return failed > 0;
}

}  // namespace

TEST_CASE("a backup or restore that fails is told and leaves nothing half, and the next one succeeds") {
  BackupSession session;
  FaultTally tally;
  for (const auto which : BackupSession::all) {
    for (const auto& mode : modes)
      tally.count(mode.name, walk_of(mode).for_each_call([&](std::size_t passed) {
        return check_fault(session, which, mode, passed);
      }));
  }
  REQUIRE((tally.print("backup and of restores") || walk.call));
}

}  // namespace aludel

int main(int argc, char** argv) {
  aludel::SqliteFaults::take_over_allocator();
  if (!aludel::walk.read(argc, argv)) return 2;
  doctest::Context context;
  context.setOption("no-intro", true);
  return context.run();
}
