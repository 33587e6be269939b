// SPDX-License-Identifier: MIT
#include "support/power_loss.hpp"

#include <utility>
#include <vector>

#include "log_fixture.hpp"
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
PowerLoss power_loss(const FileCalls& made, std::size_t calls) {
  PowerLoss loss({});
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

}  // namespace aludel
