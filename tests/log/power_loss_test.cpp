// SPDX-License-Identifier: MIT
#include "support/power_loss.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/memory_file_system.hpp"
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

/// A power loss after the first `calls` of them.
PowerLoss power_loss(const FileCalls& made, std::size_t calls, const FolderContent& before = {}) {
  PowerLoss loss(before);
  for (std::size_t i = 0; i < calls; ++i)
    loss.advance(made[i]);
  return loss;
}

/// What a power loss leaves that takes all that was not synced.
FolderContent durable(const RecordingFileSystem& files) {
  const auto loss = power_loss(files.calls(), files.position());
  return loss.aftermath(std::vector<Fate>(loss.undecided().size(), Fate::lost()));
}

/// A log that a power loss has left.
class Survivors {
 public:
  explicit Survivors(const FolderContent& left) : files_(dir_.path(), left) {}
  [[nodiscard]] std::unique_ptr<SegmentLog> open() { return open_log(small_options(dir_.path(), files_)); }

 private:
  const TempDir dir_;
  MemoryFileSystem files_;
};

/// Whatever was acknowledged is there, in its place, and the log goes on from it.
void check_survivors(const FolderContent& left, const RecordedRun& run, std::size_t acknowledged) {
  Survivors survivors(left);
  const auto log = survivors.open();
  const auto events = data_of(read_all(*log));
  REQUIRE(events.size() >= acknowledged);
  REQUIRE(events.size() <= run.data.size());
  for (std::size_t i = 0; i < events.size(); ++i)
    REQUIRE(events[i] == run.data[i]);
  REQUIRE(append(*log, {event_with("after the loss")})->first == events.size());
}

}  // namespace

TEST_CASE("an acknowledged event survives a power loss that takes all that was not synced") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  RecordedRun run;
  const auto log = open_log(small_options(dir.path(), files));
  for (int i = 0; i < 24; ++i) {
    run.append(*log, files, 1);
    check_survivors(durable(files), run, run.data.size());
  }
  CHECK(log->stats()->segments > 2);
}

TEST_CASE("after a power loss at any call the log recovers to what was acknowledged, at least") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  RecordedRun run;
  for (const bool allocate_ahead : {false, true}) {
    const auto log = open_log(
        {.dir = dir.path(), .files = files, .segment_size = 8'192, .allocate_ahead = allocate_ahead});
    run.append(*log, files, 12);
  }
  const auto made = files.calls();
  for (std::size_t calls = 0; calls <= made.size(); ++calls) {
    const auto loss = power_loss(made, calls);
    for_each_loss(loss.undecided(), static_cast<std::uint32_t>(calls), 2,
                  [&](LossKind kind, const std::vector<Fate>& fates) {
                    if (kind != LossKind::subsets && kind != LossKind::sampled) return;
                    CAPTURE(calls);
                    check_survivors(loss.aftermath(fates), run, run.acknowledged_after(calls));
                  });
  }
}

TEST_CASE("blocks that nothing proves to be synced are written again and synced before they are served") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  RecordedRun run;
  {
    const auto log = open_log(small_options(dir.path(), files, Sync::normal));
    run.append(*log, files, 10);
    files.fail_syncs(1'000);  // as good as a kill: the last chance to sync is lost too
  }
  files.fail_syncs(0);
  CHECK(Survivors(durable(files)).open()->tip() < 10);
  const auto log = open_log(small_options(dir.path(), files));
  CHECK(log->tip() == 10);
  check_survivors(durable(files), run, 10);
}

TEST_CASE("under normal sync a closed log, a sealed segment and a new writer's start are durable") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  RecordedRun run;
  {
    const auto log = open_log(small_options(dir.path(), files, Sync::normal));
    run.append(*log, files, 12);
    const auto segments = log->stats()->segments;
    REQUIRE(segments > 1);
    CHECK(Survivors(durable(files)).open()->stats()->segments == segments);
  }
  check_survivors(durable(files), run, 12);
}

TEST_CASE("what was appended without a sync before one that failed is written again") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  RecordedRun run;
  {
    const auto log = open_log(small_options(dir.path(), files, Sync::normal));
    run.append(*log, files, 3);
    files.fail_syncs(1);
    // It fails where the segment is sealed.
    for (auto sent = append(*log, {event_with("next")}); sent; sent = append(*log, {event_with("next")}))
      run.data.emplace_back("next");
    run.append(*log, files, 1);
  }
  check_survivors(durable(files), run, run.data.size());
}

TEST_CASE("what is acknowledged behind a kill at any call survives a power loss") {
  for (int call = 0, killed = 1; killed != 0; ++call) {
    CAPTURE(call);
    const TempDir dir;
    RecordingFileSystem files(dir.path(), os::real_file_system());
    std::size_t acknowledged = 0;
    files.die_after(call);
    if (const auto log = SegmentLog::open(small_options(dir.path(), files))) {
      while (acknowledged < 8 && append(**log, {event_with(std::string(1'500, 'x'))}))
        ++acknowledged;
      if (acknowledged == 8) REQUIRE((*log)->stats()->segments > 1);
    }
    killed = files.is_dead() ? 1 : 0;
    files.revive();
    const auto log = open_log(small_options(dir.path(), files));
    REQUIRE(append(*log, {event_with("behind the kill")}));
    const auto events = data_of(read_all(*log));
    REQUIRE(events.size() > acknowledged);
    REQUIRE(data_of(read_all(*Survivors(durable(files)).open())) == events);
  }
}

TEST_CASE("a torn tail is there after a power loss at any call of the recovery that saves it") {
  const TempDir dir;
  const std::string tail = "torn, and durable all the same";
  append_each(*open_log(small_options(dir.path())), 1);
  const auto segment = dir.path() / segment_name(0);
  const FolderContent before{{segment_name(0), read_file(segment) + tail}};
  write_file(segment, before.begin()->second);
  RecordingFileSystem files(dir.path(), os::real_file_system());
  open_log(small_options(dir.path(), files));
  REQUIRE(read_file(dir.path() / "torn-1") == tail);
  const auto made = files.calls();
  for (std::size_t calls = 0; calls <= made.size(); ++calls) {
    CAPTURE(calls);
    const auto loss = power_loss(made, calls, before);
    for_each_loss(loss.undecided(), static_cast<std::uint32_t>(calls), 2,
                  [&](LossKind, const std::vector<Fate>& fates) {
                    const auto left = loss.aftermath(fates);
                    REQUIRE(std::any_of(left.begin(), left.end(), [&](const auto& file) {
                      return file.second.find(tail) != std::string::npos;
                    }));
                  });
  }
}

}  // namespace aludel
