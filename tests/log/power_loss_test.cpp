// SPDX-License-Identifier: MIT
#include <utility>
#include <vector>

#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"
#include "support/recording_file_system.hpp"

namespace aludel {

namespace {

/// A run of a small log, and what it had acknowledged after which call.
struct RecordedRun {
  std::vector<std::string> data;                                  // of each event, by id
  std::vector<std::pair<std::size_t, std::size_t>> acknowledged;  // calls, events

  void append(SegmentLog& log, const RecordingFileSystem& files, int count) {
    for (int i = 0; i < count; ++i) {
      // Now and then a large one, of several sectors.
      const auto text = std::to_string(data.size()) + std::string(data.size() % 5 == 0 ? 1'500 : 20, 'x');
      REQUIRE(aludel::append(log, {event_with(text)}));
      data.push_back(text);
      acknowledged.emplace_back(files.position(), data.size());
    }
  }
  [[nodiscard]] std::size_t acknowledged_after(std::size_t calls) const {
    std::size_t events = 0;
    for (const auto& [position, count] : acknowledged) {
      if (position <= calls) events = count;
    }
    return events;
  }
};

/// Whatever was acknowledged is there, in its place, and the log goes on from it.
void check_survivors(const std::filesystem::path& dir, const RecordedRun& run, std::size_t acknowledged) {
  FaultFileSystem files;
  auto log = SegmentLog::open(small_options(dir, files));
  REQUIRE(log);
  const auto events = data_of(read_all(**log));
  REQUIRE(events.size() >= acknowledged);
  REQUIRE(events.size() <= run.data.size());
  for (std::size_t i = 0; i < events.size(); ++i)
    REQUIRE(events[i] == run.data[i]);
  REQUIRE(append(**log, {event_with("after the loss")})->first == events.size());
}

}  // namespace

TEST_CASE("an acknowledged event survives a power loss that takes all that was not synced") {
  const TempDir dir;
  const auto folder = dir.path() / "log";
  RecordingFileSystem files(folder);
  RecordedRun run;
  const auto log = open_log(small_options(folder, files));
  for (int i = 0; i < 24; ++i) {
    run.append(*log, files, 1);
    files.write_survivors(files.position(), Loss::all, 0, dir.path() / "survivors");
    check_survivors(dir.path() / "survivors", run, run.data.size());
  }
  CHECK(log->stats()->segments > 2);
}

TEST_CASE("after a power loss at any call the log recovers to what was acknowledged, at least") {
  const TempDir dir;
  const auto folder = dir.path() / "log";
  RecordingFileSystem files(folder);
  RecordedRun run;
  for (const bool allocate_ahead : {false, true}) {
    const auto log =
        open_log({.dir = folder, .files = files, .segment_size = 8'192, .allocate_ahead = allocate_ahead});
    run.append(*log, files, 12);
  }
  for (std::size_t calls = 0; calls <= files.position(); ++calls) {
    for (const auto loss : {Loss::all, Loss::none, Loss::random, Loss::random}) {
      const auto seed = static_cast<std::uint32_t>(calls * 4 + static_cast<std::size_t>(loss));
      files.write_survivors(calls, loss, seed, dir.path() / "survivors");
      CAPTURE(calls);
      CAPTURE(seed);
      check_survivors(dir.path() / "survivors", run, run.acknowledged_after(calls));
    }
  }
}

TEST_CASE("blocks that nothing proves to be synced are written again and synced before they are served") {
  const TempDir dir;
  const auto folder = dir.path() / "log";
  RecordingFileSystem files(folder);
  RecordedRun run;
  {
    const auto log = open_log(small_options(folder, files, Sync::normal));
    run.append(*log, files, 10);
    files.fail_syncs(true);  // as good as a kill: the last chance to sync is lost too
  }
  files.fail_syncs(false);
  files.write_survivors(files.position(), Loss::all, 0, dir.path() / "survivors");
  CHECK(open_log(small_options(dir.path() / "survivors"))->tip() < 10);
  const auto log = open_log(small_options(folder, files));
  CHECK(log->tip() == 10);
  files.write_survivors(files.position(), Loss::all, 0, dir.path() / "survivors");
  check_survivors(dir.path() / "survivors", run, 10);
}

TEST_CASE("under normal sync a closed log, a sealed segment and a new writer's start are durable") {
  const TempDir dir;
  const auto folder = dir.path() / "log";
  RecordingFileSystem files(folder);
  RecordedRun run;
  {
    const auto log = open_log(small_options(folder, files, Sync::normal));
    run.append(*log, files, 12);
    const auto segments = log->stats()->segments;
    REQUIRE(segments > 1);
    files.write_survivors(files.position(), Loss::all, 0, dir.path() / "survivors");
    CHECK(open_log(small_options(dir.path() / "survivors"))->stats()->segments == segments);
  }
  files.write_survivors(files.position(), Loss::all, 0, dir.path() / "survivors");
  check_survivors(dir.path() / "survivors", run, 12);
}

}  // namespace aludel
