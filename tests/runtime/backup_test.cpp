// SPDX-License-Identifier: MIT
#include "runtime/backup.hpp"

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/os/lock.hpp"
#include "base/time.hpp"
#include "runtime/restore.hpp"
#include "runtime/small_file.hpp"
#include "small_log_rig.hpp"

namespace aludel {

namespace {

/// Beside the data directory a folder for a copy of it.
class BackupRig : public SmallLogRig {
 public:
  BackupRig() { fill(4); }

  /// A processor that is done with all events that there are, or goes on to that.
  void processor(const std::string& name) { SmallLogRig::processor(name, log->tip()); }

  /// Copies; `meanwhile` goes on whenever progress is told.
  Result<DataCopy> copy(const CopyProgress& meanwhile) {
    std::filesystem::create_directory(temp.path() / "to");
    return copy_data(data, DataDirectory(temp.path() / "to"), {}, meanwhile);
  }
  /// Copies; as soon as a database is being copied, `meanwhile` goes on, as often as was asked for.
  Result<DataCopy> copy(int times, const std::function<void()>& meanwhile) {
    const auto databases = temp.path() / "to" / "processors";
    return copy([&](const char*, std::uint64_t, std::uint64_t) {
      if (times == 0 || !std::filesystem::exists(databases / "x" / "projection-1.db")) return;
      if (std::filesystem::exists(databases / "x" / "projection.db")) return;
      --times;
      meanwhile();
    });
  }
  Result<Backup> back_up() {
    return aludel::back_up(data, backups(), clock.wall_ns(),
                           [](const char*, std::uint64_t, std::uint64_t) {});
  }
  [[nodiscard]] std::filesystem::path backups() const { return temp.path() / "backups"; }

  /// The log has an event that the processor does not know to have emitted.
  void forget_emitted(const std::string& name) {
    const auto link = projection_link(data.processor(name));
    const auto database = Database::open(link, Database::Mode::read_write);
    REQUIRE(database);
    REQUIRE((*database)->execute("update _aludel_identity set relayed = relayed - 1"));
  }

  /// A restore of it that was cut off once all was made, and nothing in place.
  [[nodiscard]] DataDirectory cut_off_restore(const std::filesystem::path& source) const {
    const DataDirectory restored(temp.path() / "restored");
    REQUIRE(restore(source, restored, [](const char*, std::uint64_t, std::uint64_t) {}));
    const auto whole = restored.root() / "restore.whole";
    std::filesystem::create_directory(whole);
    REQUIRE(replace_file(whole / "source", source.string()));
    for (const auto& path : {restored.log(), restored.processors()})
      std::filesystem::rename(path, whole / path.filename());
    return restored;
  }

  /// Where the copy's processor goes on.
  [[nodiscard]] std::uint64_t next_in_copy() const {
    auto projection = Projection::open(temp.path() / "to" / "processors" / "x");
    REQUIRE(projection);
    return (*projection)->tables().cursor()->position.next;
  }
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

TEST_CASE("the backup that was made last has the last name, also when the clock was set back") {
  BackupRig rig;
  const auto untold = [](const char*, std::uint64_t, std::uint64_t) {};
  const auto now_ns = parse_time("2026-11-26T21:19:49.123Z").value();
  REQUIRE(back_up(rig.data, rig.backups(), now_ns, untold));
  const auto second = back_up(rig.data, rig.backups(), now_ns - 3'600'000'000'000, untold);
  REQUIRE(second);
  CHECK(second->path.filename() == "20261126T211949.124Z");
  std::filesystem::create_directory(rig.backups() / "20269926T211949.124Z");
  const auto third = back_up(rig.data, rig.backups(), now_ns, untold);
  REQUIRE_FALSE(third);
  CHECK(third.error().message.find("is no time") != std::string::npos);
}

TEST_CASE("backups of another log are left alone") {
  BackupRig rig;
  BackupRig stranger;
  REQUIRE(stranger.back_up());
  const auto made = aludel::back_up(rig.data, stranger.backups(), rig.clock.wall_ns(),
                                    [](const char*, std::uint64_t, std::uint64_t) {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::conflict);
  CHECK(made.error().message.find("is of another log: name another folder") != std::string::npos);
}

TEST_CASE(
    "while a backup is made no other one is made in its folder, nor is what it has made so far removed") {
  BackupRig rig;
  const auto half_done = rig.backups() / "20261126T211949.123Z.tmp";
  std::filesystem::create_directories(half_done / "log");
  {
    const auto lock = os::FileLock::acquire(rig.backups() / "lock");
    REQUIRE(lock);
    const auto made = rig.back_up();
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::locked);
    CHECK(std::filesystem::exists(half_done / "log"));
    CHECK(os::real_file_system().list(rig.backups()).value().size() == 2);
  }
  CHECK(rig.back_up());
}

TEST_CASE("no backup is put into what is backed up") {
  BackupRig rig;
  rig.processor("x");
  for (const auto& folder :
       {rig.data.log() / "b", rig.data.processors(), rig.data.processor("x") / "b" / "c"}) {
    const auto made = back_up(rig.data, folder, 0, [](const char*, std::uint64_t, std::uint64_t) {});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::conflict);
    CHECK(made.error().message.find("which is backed up: name a folder elsewhere") != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(rig.data.log() / "b"));
  CHECK(back_up(rig.data, rig.data.root() / "log-backups", 0, [](auto...) {}));
}

TEST_CASE("a sealed segment that is a link to elsewhere is in the backup itself") {
  BackupRig rig;
  const auto segment = rig.data.log() / segment_name(rig.segments()[1]);
  const auto elsewhere = rig.temp.path() / "elsewhere";
  std::filesystem::rename(segment, elsewhere);
  std::filesystem::create_symlink(elsewhere, segment);
  const auto made = rig.back_up();
  REQUIRE(made);
  const auto copied = made->path / "log" / segment.filename();
  CHECK_FALSE(std::filesystem::is_symlink(copied));
  CHECK(std::filesystem::equivalent(copied, elsewhere));
}

TEST_CASE("a projection whose link is lost is verified and backed up, as a host takes it up") {
  BackupRig rig;
  rig.processor("x");
  std::filesystem::remove(projection_link(rig.data.processor("x")));
  const auto found = verify_data(rig.data, {}, [](std::uint64_t, std::uint64_t) {});
  REQUIRE(found);
  CHECK(found->good());
  CHECK(found->projections == 1);
  const auto made = rig.back_up();
  REQUIRE(made);
  CHECK(made->content.projections == 1);
  CHECK(std::filesystem::is_symlink(projection_link(DataDirectory(made->path).processor("x"))));
}

TEST_CASE("a restore that was cut off is finished by its own backup alone, and named by it") {
  BackupRig rig;
  const auto untold = [](const char*, std::uint64_t, std::uint64_t) {};
  const auto first = rig.back_up();
  REQUIRE(first);
  const auto second = rig.back_up();
  REQUIRE(second);
  const auto restored = rig.cut_off_restore(first->path);
  const auto refused = restore(second->path, restored, untold);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().message.find("a restore of " + first->path.string() + " was cut off there") !=
        std::string::npos);
  const auto finished = restore(rig.backups(), restored, untold);
  REQUIRE(finished);
  CHECK(finished->path == first->path);
  CHECK(require_no_restore(restored));
}

TEST_CASE("a restore that was cut off is not finished with what is damaged") {
  BackupRig rig;
  const auto made = rig.back_up();
  REQUIRE(made);
  const auto restored = rig.cut_off_restore(made->path);
  const auto last = segment_name(rig.segments().back());
  std::ofstream(restored.root() / "restore.whole" / "log" / last, std::ios::app | std::ios::binary) << "torn";
  const auto finished = restore(made->path, restored, [](const char*, std::uint64_t, std::uint64_t) {});
  REQUIRE_FALSE(finished);
  CHECK(finished.error().code == ErrorCode::corrupt);
  CHECK(finished.error().message.find(last) != std::string::npos);
  CHECK_FALSE(require_no_restore(restored));
}

TEST_CASE("what is damaged is no backup, and nothing of it stays") {
  BackupRig rig;
  const auto damaged = rig.data.log() / segment_name(rig.segments()[1]);
  std::fstream(damaged, std::ios::in | std::ios::out | std::ios::binary).seekp(5'000).put('?');
  const auto made = rig.back_up();
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::corrupt);
  CHECK(made.error().message.find(damaged.filename().string()) != std::string::npos);
  CHECK(os::real_file_system().list(rig.backups()).value() == std::vector<std::string>{"lock"});
}

TEST_CASE("what has lost events that were acknowledged is no backup") {
  BackupRig rig;
  const auto last = rig.data.log() / segment_name(rig.segments().back());
  rig.append();
  rig.log.reset();
  REQUIRE(rig.back_up());
  std::filesystem::resize_file(last, std::filesystem::file_size(last) - 10);
  const auto made = rig.back_up();
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::corrupt);
  CHECK(made.error().message.find("but its tip page knows events to below") != std::string::npos);
}

TEST_CASE("a backup that was cut off goes with the next one") {
  BackupRig rig;
  std::filesystem::create_directories(rig.backups() / "20261126T211949.123Z.tmp" / "log");
  std::filesystem::create_directories(rig.backups() / "somebody's.tmp");
  const auto made = rig.back_up();
  REQUIRE(made);
  CHECK(os::real_file_system().list(rig.backups()).value() ==
        std::vector<std::string>{made->path.filename().string(), "lock", "somebody's.tmp"});
}

TEST_CASE("what a processor does while all is copied does not lead its copy beyond that of the log") {
  BackupRig rig;
  rig.processor("x");
  const auto copied = rig.copy([&](const char* what, std::uint64_t, std::uint64_t) {
    if (what != std::string_view("copying")) return;
    rig.append();
    rig.processor("x");
  });
  REQUIRE(copied);
  CHECK(rig.next_in_copy() <= copied->events);
}

TEST_CASE("a copy of the log ends before what its processors have emitted since they were looked at") {
  BackupRig rig;
  rig.processor("x");
  rig.emit("x");
  rig.processor("y");
  const auto tip = rig.log->tip();
  const auto copied = rig.copy(1, [&] {
    rig.emit("x");
    rig.processor("y");
  });
  REQUIRE(copied);
  CHECK(copied->events == tip);
  CHECK(copied->projections == 2);
}

TEST_CASE("a log that knows of more than a projection has emitted is no backup") {
  BackupRig rig;
  rig.processor("x");
  rig.emit("x");
  rig.emit("x");
  rig.forget_emitted("x");
  const auto found = verify_data(rig.data, {}, [](std::uint64_t, std::uint64_t) {});
  REQUIRE(found);
  REQUIRE(found->faults.size() == 1);
  CHECK(found->faults[0].code == ErrorCode::conflict);
  CHECK(found->faults[0].what == "the log has 2 events that it has emitted, but it knows of 1");
  CHECK_FALSE(rig.back_up());
}

TEST_CASE("what a processor still needs of the log is in the copy, though it is dropped meanwhile") {
  BackupRig rig;
  rig.processor("x");
  const auto tip = rig.log->tip();
  const auto copied = rig.copy(1, [&] {
    rig.fill(1);
    rig.processor("x");
    rig.drop_all_but(2);
  });
  REQUIRE(copied);
  CHECK(rig.first() > 0);
  CHECK(copied->first == 0);
  CHECK(copied->events == tip);
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
  CHECK(copied->first == rig.first());
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
