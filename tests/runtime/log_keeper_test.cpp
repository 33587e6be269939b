// SPDX-License-Identifier: MIT
#include "runtime/log_keeper.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/os/descriptor.hpp"
#include "runtime/small_file.hpp"
#include "small_log_rig.hpp"
#include "support/wal_syncs.hpp"

namespace aludel {

namespace {

using namespace std::chrono_literals;

/// A log of many small segments, each of an hour, that is looked after.
class KeeperRig : public SmallLogRig {
 public:
  KeeperRig() {
    for (int i = 1; i < 8; ++i) {
      fill(1);
      clock.advance(1h);
    }
  }

  /// A processor that is done with the events below `next`.
  LogKeeper::Holder holder(const std::string& name, std::uint64_t next) {
    processor(name, next);
    return {name, data.processor(name), false};
  }

  void look(const RetentionPolicy& policy, const std::vector<LogKeeper::Holder>& holders) {
    const os::Descriptor sink(::open((temp.path() / "lines").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    const HostLog host_log(sink.number(), LogLevel::info, HostLog::Format::text);
    LogKeeper keeper({*log, policy, holders, host_log, [this](const std::string& name) {
                        asked.push_back(name);
                        return name != "idle";
                      }});
    keeper.look();
    lines = read_file(temp.path() / "lines").value();
  }

  std::string lines;               ///< that the last look has logged
  std::vector<std::string> asked;  ///< to look itself, which all do but "idle"
};

const RetentionPolicy old{.max_age = std::chrono::minutes(90), .max_bytes = {}};
const RetentionPolicy large{.max_age = {}, .max_bytes = 4 * 8'192};

}  // namespace

TEST_CASE("what is old goes once all processors are done with it, and no sooner") {
  KeeperRig rig;
  const auto segments = rig.segments();
  auto slow = rig.holder("slow", segments[2] - 1);
  const auto quick = rig.holder("quick", segments[4]);
  rig.look(old, {slow, quick});
  CHECK(rig.first() == segments[1]);
  CHECK(rig.lines.find("info the log has dropped events 0 to " + std::to_string(segments[1] - 1)) !=
        std::string::npos);
  rig.look(old, {slow, quick});
  CHECK(rig.lines.empty());
  rig.look(old, {quick});
  CHECK(rig.first() == segments[4]);
  // Nobody needs anything: all that is old enough.
  rig.look(old, {});
  CHECK(rig.first() == segments[6]);
  CHECK(rig.asked.empty());
}

TEST_CASE("one that has not begun keeps all there is, unless it starts at the tip") {
  KeeperRig rig;
  rig.look(old, {{"new", rig.temp.path() / "new", false}});
  CHECK(rig.first() == 0);
  CHECK(rig.lines.empty());
  rig.look(old, {{"new", rig.temp.path() / "new", true}});
  CHECK(rig.first() > 0);
}

TEST_CASE("one that is being reset keeps all there is, and none is reset while events go") {
  KeeperRig rig;
  const auto x = rig.holder("x", rig.log->tip());
  {
    const auto reset = os::FileLock::acquire(reset_lock(x.directory));
    REQUIRE(reset);
    rig.look(old, {x});
    CHECK(rig.first() == 0);
    CHECK(rig.lines.empty());
  }
  int removed = 0;
  rig.files.on_call = [&](const FaultFileSystem::Call& call) {
    if (call.name != "remove") return;
    ++removed;
    CHECK(os::FileLock::held(reset_lock(x.directory)).value());
  };
  rig.look(old, {x});
  CHECK(removed > 0);
  CHECK(rig.first() > 0);
  CHECK_FALSE(os::FileLock::held(reset_lock(x.directory)).value());
}

TEST_CASE("one of another log needs nothing of this one, and is not reset into it while events go") {
  KeeperRig rig;
  const auto x = rig.holder("x", 1);
  auto database = Database::open(projection_link(x.directory), Database::Mode::read_write);
  REQUIRE(database);
  const auto other = "update _aludel_identity set log_id = '" + Uuid::random().to_string() + "'";
  REQUIRE((*database)->execute(other.c_str()));
  int removed = 0;
  rig.files.on_call = [&](const FaultFileSystem::Call& call) {
    if (call.name != "remove") return;
    ++removed;
    CHECK(os::FileLock::held(reset_lock(x.directory)).value());
  };
  rig.look(old, {x});
  CHECK(removed > 0);
  CHECK(rig.first() > 0);
  CHECK(rig.asked.empty());
}

TEST_CASE("one whose cursor cannot be read keeps all there is, and that is said") {
  KeeperRig rig;
  const auto x = rig.holder("x", rig.log->tip());
  std::filesystem::resize_file(x.directory / "projection-1.db", 0);
  std::filesystem::remove(x.directory / "projection-1.db-wal");
  rig.look(old, {x});
  CHECK(rig.first() == 0);
  CHECK(rig.lines.find("warning x: how far it has come cannot be told, so the log is kept for it") !=
        std::string::npos);
}

TEST_CASE("a cursor counts only once it is synced") {
  const WalSyncs syncs;
  KeeperRig rig;
  const auto x = rig.holder("x", rig.log->tip());
  WalSyncs::reset();
  rig.look({.max_age = 100h, .max_bytes = {}}, {x});
  CHECK(WalSyncs::count() == 0);  // nothing is old: nobody is asked
  WalSyncs::fail();
  rig.look(old, {x});
  CHECK(WalSyncs::count() == 1);
  CHECK(rig.first() == 0);
  CHECK(rig.lines.find("sync the write-ahead log") != std::string::npos);
}

TEST_CASE("over its size the log drops what a processor has not come to, loudly where it does not say so") {
  KeeperRig rig;
  const auto segments = rig.segments();
  const auto slow = rig.holder("slow", 3);
  const auto idle = rig.holder("idle", 5);
  const auto quick = rig.holder("quick", rig.log->tip());
  rig.look(large, {slow, idle, quick, {"new", rig.temp.path() / "new", false}});
  CHECK(rig.first() > segments[2]);
  CHECK(rig.asked == std::vector<std::string>{"slow", "idle"});
  CHECK(rig.lines.find("error idle: the log was over max_bytes, and has dropped events 5 to " +
                       std::to_string(rig.first() - 1)) != std::string::npos);
  CHECK(rig.lines.find("error new: the log was over max_bytes, and has dropped events 0 to " +
                       std::to_string(rig.first() - 1)) != std::string::npos);
  CHECK(rig.lines.find("error slow") == std::string::npos);  // it may have come further than is saved
  // It is told once of each event.
  rig.look(large, {slow, idle, quick});
  CHECK(rig.lines.empty());
  CHECK(rig.asked.size() == 2);
}

TEST_CASE("a footer that is damaged keeps back nothing that goes by size, and is told once") {
  KeeperRig rig;
  const auto segments = rig.segments();
  const auto rotten = rig.data.log() / segment_name(segments[5]);
  std::filesystem::resize_file(rotten, std::filesystem::file_size(rotten) - 8);
  const os::Descriptor sink(::open((rig.temp.path() / "lines").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  const HostLog host_log(sink.number(), LogLevel::info, HostLog::Format::text);
  LogKeeper keeper(
      {*rig.log, {.max_age = 1h, .max_bytes = large.max_bytes}, {}, host_log, [](const std::string&) {
         return true;
       }});
  keeper.look();
  keeper.look();
  CHECK(rig.first() > 0);
  CHECK(rig.first() <= segments[5]);
  const auto lines = read_file(rig.temp.path() / "lines").value();
  const auto told = lines.find("drop what the log need not keep: read " + rotten.string());
  CHECK(told != std::string::npos);
  CHECK(lines.find("drop what the log need not keep", told + 1) == std::string::npos);
}

TEST_CASE("whatever fails is logged, and done with a later look") {
  bool reached = true;
  for (std::size_t passed = 0; reached; ++passed) {
    CAPTURE(passed);
    KeeperRig rig;
    const auto x = rig.holder("x", rig.log->tip());
    const auto before = rig.files.calls().size();
    rig.files.fail_after(passed, EIO);
    rig.look(old, {x});
    reached = rig.files.failed_any(before);
    CHECK((rig.lines.find("it is tried again in 1m") != std::string::npos) == reached);
    rig.files.heal();
    rig.look(old, {x});
    CHECK(rig.first() == rig.segments().front());
    CHECK(rig.segments().size() == 2);
    CHECK(rig.lines.find("tried again") == std::string::npos);
  }
}

TEST_CASE("a keeper that was started looks at once, when a segment is sealed, and ends when it is told") {
  KeeperRig rig;
  const HostLog silent(-1, LogLevel::error, HostLog::Format::text);
  LogKeeper keeper({*rig.log, large, {}, silent, [](const std::string&) { return true; }});
  const auto segments = rig.segments();
  keeper.start();
  const auto wait_for = [&](std::uint64_t first) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (rig.first() < first) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::yield();
    }
  };
  wait_for(segments[3]);
  const auto end = rig.log->tip();
  while (rig.segments().back() < end + 40)
    rig.append();
  wait_for(end);
}

}  // namespace aludel
