// SPDX-License-Identifier: MIT
#include "runtime/backup.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/time.hpp"
#include "log/segment.hpp"
#include "log/segment_log.hpp"
#include "processor/projection.hpp"
#include "support/fault_file_system.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

/// A data directory whose log has small segments, and a folder for a copy of it.
class BackupRig {
 public:
  BackupRig() {
    auto opened =
        SegmentLog::open({.dir = data.log(), .files = files, .segment_size = 8'192, .allocate_ahead = false});
    REQUIRE(opened);
    log = std::move(*opened);
    fill(4);
  }

  void append() {
    const std::string bytes(500, 'x');
    NewEvent event;
    event.type = "test";
    event.source = "/";
    event.content_type = "text/plain";
    event.data = bytes;
    REQUIRE(log->append({{&event, 1}}));
  }
  /// Appends until there are so many segments more.
  void fill(std::size_t segments_more) {
    const auto wanted = segments().size() + segments_more;
    while (segments().size() < wanted)
      append();
  }
  [[nodiscard]] std::vector<std::uint64_t> segments() const {
    return list_segments(os::real_file_system(), data.log()).value();
  }
  void drop_all_but(std::size_t segments_kept) {
    const auto ids = segments();
    REQUIRE(log->drop_below(ids[ids.size() - segments_kept]));
  }

  /// A processor that is done with all events that there are, or goes on to that.
  void processor(const std::string& name) {
    const auto directory = data.processor(name);
    std::filesystem::create_directories(directory);
    auto projection = Projection::open(directory);
    REQUIRE(projection);
    if (!(*projection)->initialised())
      REQUIRE((*projection)->initialise({"org.example.x", "1", 0, log->log_id(), Uuid::random()}, {}));
    REQUIRE((*projection)->begin());
    auto cursor = (*projection)->tables().cursor().value();
    const auto from = cursor.position;
    cursor.position = {log->tip(), log->block_fingerprint(log->tip() - 1).value()};
    REQUIRE((*projection)->tables().move_cursor(from, cursor));
    REQUIRE((*projection)->commit());
  }

  /// Copies; as soon as a database is being copied, `meanwhile` goes on, as often as was asked for.
  Result<DataCopy> copy(int times, const std::function<void()>& meanwhile) {
    const auto databases = temp.path() / "to" / "processors";
    std::filesystem::create_directory(temp.path() / "to");
    return copy_data(data, DataDirectory(temp.path() / "to"), {},
                     [&](const char*, std::uint64_t, std::uint64_t) {
                       if (times == 0 || !std::filesystem::exists(databases / "x" / "projection-1.db"))
                         return;
                       if (std::filesystem::exists(databases / "x" / "projection.db")) return;
                       --times;
                       meanwhile();
                     });
  }

  /// Where the copy's processor goes on.
  [[nodiscard]] std::uint64_t next_in_copy() const {
    auto projection = Projection::open(temp.path() / "to" / "processors" / "x");
    REQUIRE(projection);
    return (*projection)->tables().cursor()->position.next;
  }

  TempDir temp;
  FaultFileSystem files;
  const DataDirectory data{temp.path() / "data"};
  std::unique_ptr<SegmentLog> log;
};

}  // namespace

TEST_CASE("a backup is named by its time, and the latest one is the last by name") {
  const auto now_ns = parse_time("2026-11-26T21:19:49.1239Z").value();
  CHECK(backup_name(now_ns) == "20261126T211949.123Z");
  const TempDir dir;
  CHECK_FALSE(latest_backup(dir.path()).value());
  for (const auto* name : {"20261126T211949.123Z", "20261126T211949.124Z", "20270101T000000.000Z.tmp", "lock",
                           "20270101T000000.000", "zzz"})
    std::filesystem::create_directory(dir.path() / name);
  CHECK(latest_backup(dir.path()).value()->filename() == "20261126T211949.124Z");
}

TEST_CASE("what a processor still needs of the log is in the copy, though it is dropped meanwhile") {
  BackupRig rig;
  rig.processor("x");
  const auto copied = rig.copy(1, [&] {
    rig.fill(1);
    rig.processor("x");
    rig.drop_all_but(2);
  });
  REQUIRE(copied);
  CHECK(rig.log->first().value() > 0);
  CHECK(copied->first == 0);
  CHECK(copied->events == rig.log->tip());
}

TEST_CASE("where the log has dropped what could not be taken in time, all is copied again") {
  BackupRig rig;
  rig.processor("x");
  const auto copied = rig.copy(1, [&] {
    rig.fill(4);
    rig.processor("x");
    rig.drop_all_but(2);
  });
  REQUIRE(copied);
  CHECK(copied->first == rig.log->first().value());
  CHECK(copied->first > 0);
  CHECK(rig.next_in_copy() >= copied->first);
}

TEST_CASE("a processor that comes while others are copied is copied as well") {
  BackupRig rig;
  rig.processor("x");
  const auto copied = rig.copy(1, [&] { rig.processor("y"); });
  REQUIRE(copied);
  CHECK(copied->projections == 2);
}

TEST_CASE("a projection that is made while others are copied is copied as well") {
  BackupRig rig;
  rig.processor("x");
  std::filesystem::create_directory(rig.data.processor("a"));
  const auto copied = rig.copy(1, [&] { rig.processor("a"); });
  REQUIRE(copied);
  CHECK(copied->projections == 2);
}

TEST_CASE("a processor that goes while others are copied is left out") {
  BackupRig rig;
  rig.processor("x");
  rig.processor("y");
  const auto copied = rig.copy(1, [&] { std::filesystem::remove_all(rig.data.processor("y")); });
  REQUIRE(copied);
  CHECK(copied->projections == 1);
}

TEST_CASE("a log that drops faster than it can be copied is no backup") {
  BackupRig rig;
  rig.processor("x");
  const auto copied = rig.copy(-1, [&] {
    rig.fill(4);
    rig.processor("x");
    rig.drop_all_but(2);
  });
  REQUIRE_FALSE(copied);
  CHECK(copied.error().code == ErrorCode::stopped);
}

}  // namespace aludel
