// SPDX-License-Identifier: MIT
#include "log/retention.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "log/kept_segments.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "retention_fixture.hpp"
#include "segment_files.hpp"
#include "support/fault_file_system.hpp"
#include "support/memory_file_system.hpp"
#include "support/power_loss.hpp"
#include "support/recording_file_system.hpp"

namespace aludel {

namespace {

using namespace std::chrono_literals;

std::uint64_t first_of(const std::filesystem::path& dir) {
  return read_first(os::real_file_system(), dir).value();
}

VerifyReport verified(const std::filesystem::path& dir) {
  const auto report =
      verify_log(os::real_file_system(), dir, {}, [](std::uint64_t /*done*/, std::uint64_t /*total*/) {});
  REQUIRE(report);
  return *report;
}

/// That the log begins with `first` and has all from there on.
void check_whole_from(EventReader& log, std::uint64_t first) {
  REQUIRE(log.first().value() == first);
  const auto events = read_all(log, first);
  REQUIRE(events.size() == log.tip() - first);
  for (const auto& event : events)
    REQUIRE(event.data == text_of(event.id));
}

}  // namespace

TEST_CASE("what is dropped is gone, and the log begins where the next segment does") {
  const TempDir dir;
  fill(dir.path());
  const auto before = segments_of(dir.path());
  REQUIRE(before.size() >= 5);
  const auto first = before[3];
  FaultFileSystem files;
  std::uint32_t fingerprint = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    fingerprint = log->block_fingerprint(first - 1).value();
    CHECK(log->drop_below(first).value() == 3);
    CHECK(log->drop_below(first).value() == 0);
    check_whole_from(*log, first);
    CHECK(log->stats()->segments == before.size() - 3);
    CHECK(log->stats()->first == first);
    REQUIRE(append(*log, {event_with(text_of(60))})->first == 60);
  }
  CHECK(segments_of(dir.path()).front() == first);
  const auto log = open_log(small_options(dir.path(), files));
  check_whole_from(*log, first);
  const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
  REQUIRE(reader);
  check_whole_from(**reader, first);
  CHECK(verified(dir.path()).faults.empty());
  CHECK(verified(dir.path()).events == 61 - first);
  // Of the last event that is gone the block is known still, of those before nothing.
  CHECK((*reader)->block_fingerprint(first - 1).value() == fingerprint);
  for (const auto& error :
       {(*reader)->block_fingerprint(first - 2).error(), (*reader)->read_from(first - 1).error()}) {
    CHECK(error.code == ErrorCode::not_found);
    CHECK(error.message.find("the log begins with event " + std::to_string(first)) != std::string::npos);
  }
}

TEST_CASE("types and producers are counted over all that ever was, whatever is dropped") {
  const TempDir dir;
  fill(dir.path());
  FaultFileSystem files;
  for (int run = 0; run < 2; ++run) {
    const auto log = open_log(small_options(dir.path(), files));
    const auto segments = segments_of(dir.path());
    REQUIRE(log->drop_below(segments[segments.size() - 2]));
    CHECK(log->type_counts() == TypeCounts{{"even", 30}, {"odd", 30}});
    const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
    REQUIRE(reader);
    CHECK((*reader)->type_counts().value() == TypeCounts{{"even", 30}, {"odd", 30}});
    // All of it was dropped but the end; it is known by its sequence.
    std::vector<OwnedEvent> again;
    for (std::uint64_t i = 0; i < 60; ++i)
      again.push_back(event_with(text_of(i), i % 2 == 0 ? "even" : "odd"));
    const auto repeated = append(*log, again, "producer", 0);
    REQUIRE(repeated);
    CHECK(repeated->count == 0);
    CHECK(repeated->duplicates == 60);
    // What is kept is still compared.
    CHECK(append(*log, {event_with("another")}, "producer", 59).error().code == ErrorCode::conflict);
    CHECK(append(*log, {event_with("beyond")}, "producer", 61).error().code == ErrorCode::conflict);
  }
  const auto log = open_log(small_options(dir.path(), files));
  CHECK(append(*log, {event_with(text_of(60))}, "producer", 60)->first == 60);
}

TEST_CASE("a producer all of whose blocks are gone goes on where it was") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  REQUIRE(append(*log, {event_with("once")}, "early", 0));
  append_each(*log, 60);
  const auto segments = segments_of(dir.path());
  REQUIRE(log->drop_below(segments[segments.size() - 2]));
  CHECK(append(*log, {event_with("once")}, "early", 0)->duplicates == 1);
  CHECK(append(*log, {event_with("once"), event_with("twice")}, "early", 0)->count == 1);
  CHECK(append(*log, {event_with("once"), event_with("twice")}, "early", 0)->duplicates == 2);
  CHECK(append(*log, {event_with("other")}, "early", 1).error().code == ErrorCode::conflict);
}

TEST_CASE("whichever call of a drop fails, it can be done again, and a reader finds all that is kept") {
  for (const int error_number : {EIO, ENOSPC}) {
    bool reached = true;
    for (std::size_t passed = 0; reached; ++passed) {
      CAPTURE(passed);
      const TempDir dir;
      fill(dir.path());
      const auto segments = segments_of(dir.path());
      const auto first = segments[3];
      FaultFileSystem files;
      const auto log = open_log(small_options(dir.path(), files));
      const auto before = files.calls().size();
      files.fail_after(passed, error_number);
      const auto failed = log->drop_below(first);
      reached = files.failed_any(before);
      CHECK(failed.has_value() != reached);
      files.heal();
      const auto kept_from = first_of(dir.path());
      CHECK((kept_from == 0 || kept_from == first));
      const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
      REQUIRE(reader);
      check_whole_from(**reader, kept_from);
      CHECK(verified(dir.path()).faults.empty());
      REQUIRE(log->drop_below(first));
      CHECK(segments_of(dir.path()).front() == first);
      check_whole_from(*log, first);
      REQUIRE(append(*log, {event_with(text_of(60))})->first == 60);
    }
  }
}

TEST_CASE("a writer finishes a drop that was interrupted, wherever that was, and says so") {
  const TempDir dir;
  fill(dir.path());
  const Snapshot snapshot(dir.path());
  const auto segments = segments_of(dir.path());
  const auto first = segments[3];
  bool reached = true;
  for (std::size_t passed = 0; reached; ++passed) {
    CAPTURE(passed);
    snapshot.restore();
    {
      FaultFileSystem files;
      files.fail_after(passed, EIO, 1'000);  // as good as a kill: nothing follows
      reached = !drop_segments_below(files, dir.path(), {log_id_of(dir.path()), first}).has_value();
    }
    const auto kept_from = first_of(dir.path());
    const bool half_done = kept_from != 0 && segments_of(dir.path()).front() != kept_from;
    FaultFileSystem files;
    Reports reports;
    const auto log = open_log(reporting(dir.path(), files, reports));
    check_whole_from(*log, kept_from);
    CHECK(segments_of(dir.path()).front() == kept_from);
    CHECK(reports.lines.size() == (half_done ? 1 : 0));
    CHECK_FALSE(std::filesystem::exists(dir.path() / "first.tmp"));
  }
}

TEST_CASE("after a power loss at any call of a drop all is there that is kept") {
  const TempDir dir;
  RecordingFileSystem files(dir.path(), os::real_file_system());
  const auto log = open_log(small_options(dir.path(), files));
  for (std::uint64_t i = 0; i < 60; ++i)
    REQUIRE(append(*log, {event_with(text_of(i))}));
  const auto segments = segments_of(dir.path());
  REQUIRE(segments.size() > 3);
  const auto begin = files.position();
  REQUIRE(log->drop_below(segments[1]));
  REQUIRE(log->drop_below(segments[3]));
  const auto made = files.calls();
  PowerLoss loss({});
  for (std::size_t calls = 0; calls <= made.size(); ++calls) {
    if (calls > 0) loss.advance(made[calls - 1]);
    if (calls < begin) continue;
    const auto check = [&](LossKind /*kind*/, const std::vector<Fate>& fates) {
      CAPTURE(calls);
      const TempDir left;
      MemoryFileSystem survivors(left.path(), loss.aftermath(fates));
      const auto recovered = open_log(small_options(left.path(), survivors));
      const auto first = recovered->first().value();
      CHECK((first == 0 || first == segments[1] || first == segments[3]));
      CHECK(recovered->tip() == 60);
      check_whole_from(*recovered, first);
    };
    for_each_loss(loss.undecided(), static_cast<std::uint32_t>(calls), 4, check);
  }
}

TEST_CASE("a segment that is missing from where the log begins is corruption, as is a mark that is damaged") {
  const TempDir dir;
  fill(dir.path());
  const auto segments = segments_of(dir.path());
  {
    FaultFileSystem files;
    REQUIRE(open_log(small_options(dir.path(), files))->drop_below(segments[2]));
  }
  const Snapshot snapshot(dir.path());
  const auto mark = read_file(dir.path() / "first");
  const auto is_corrupt = [&](const std::string& file) {
    FaultFileSystem files;
    for (const auto& error : {SegmentReader::open(files, dir.path()).error(),
                              SegmentLog::open(small_options(dir.path(), files)).error()}) {
      CHECK(error.code == ErrorCode::corrupt);
      CHECK(error.message.find(file) != std::string::npos);
    }
    const auto report = verified(dir.path());
    REQUIRE_FALSE(report.faults.empty());
    CHECK(report.faults[0].file.filename() == file);
  };
  snapshot.restore();
  write_file(dir.path() / "first", mark);
  std::filesystem::remove(dir.path() / segment_name(segments[2]));
  is_corrupt(segment_name(segments[2]));

  snapshot.restore();  // nothing tells that anything was dropped
  is_corrupt(segment_name(0));

  for (std::size_t byte = 0; byte < mark.size(); ++byte) {
    snapshot.restore();
    auto damaged = mark;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 1);
    write_file(dir.path() / "first", damaged);
    CAPTURE(byte);
    is_corrupt("first");
  }
  snapshot.restore();
  write_file(dir.path() / "first", mark.substr(0, mark.size() - 1));
  is_corrupt("first");

  const TempDir other;
  fill(other.path());
  {
    FaultFileSystem files;
    REQUIRE(open_log(small_options(other.path(), files))->drop_below(segments_of(other.path())[2]));
  }
  snapshot.restore();
  write_file(dir.path() / "first", read_file(other.path() / "first"));
  is_corrupt("first");
}

TEST_CASE("where all segments are gone but the mark, no new log is begun") {
  const TempDir dir;
  fill(dir.path());
  {
    FaultFileSystem files;
    const auto log = open_log(small_options(dir.path(), files));
    REQUIRE(log->drop_below(segments_of(dir.path())[1]));
  }
  for (const auto id : segments_of(dir.path()))
    std::filesystem::remove(dir.path() / segment_name(id));
  std::filesystem::remove(dir.path() / "tip");
  FaultFileSystem files;
  CHECK(SegmentLog::open(small_options(dir.path(), files)).error().code == ErrorCode::corrupt);
  CHECK(SegmentReader::open(files, dir.path()).error().code == ErrorCode::corrupt);
  CHECK_FALSE(verified(dir.path()).faults.empty());
}

TEST_CASE("a reader that is open lives through drops: what it has come to it reads to the end") {
  const TempDir dir;
  fill(dir.path());
  const auto segments = segments_of(dir.path());
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
  REQUIRE(reader);
  auto held = (*reader)->read_from(0);
  REQUIRE(held);
  REQUIRE(log->drop_below(segments[2]));
  CHECK((*reader)->first().value() == segments[2]);

  std::uint64_t next = 0;
  for (;;) {
    const auto block = (*held)->next();
    if (!block) {
      CHECK(block.error().code == ErrorCode::not_found);
      CHECK(block.error().message.find("it was dropped") != std::string::npos);
      break;
    }
    REQUIRE(*block != nullptr);
    Event event;
    for (auto walk = (*block)->events(0); walk.next(event); ++next)
      CHECK(event.data == text_of(next));
  }
  CHECK(next == segments[1]);
  // A reader that has listed the segments before the drop knows better when it looks.
  CHECK((*reader)->read_from(segments[1]).error().code == ErrorCode::not_found);
  check_whole_from(**reader, segments[2]);
}

TEST_CASE("drops while others append, read, verify and open disturb none of them") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  for (int i = 0; i < 300; ++i) {
    REQUIRE(append(*log, {event_with(text_of(static_cast<std::uint64_t>(i)))}));
    if (i % 10 != 9) continue;
    const auto segments = segments_of(dir.path());
    if (segments.size() < 4) continue;
    REQUIRE(log->drop_below(segments[segments.size() - 3]));
    const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
    REQUIRE(reader);
    check_whole_from(**reader, segments[segments.size() - 3]);
    CHECK(verified(dir.path()).faults.empty());
  }
  CHECK(segments_of(dir.path()).size() < 8);
  CHECK(log->tip() == 300);
}

TEST_CASE("readers open and read in one thread while another appends and drops") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  REQUIRE(append(*log, {event_with(text_of(0))}));
  std::atomic<bool> done{false};
  std::thread reading([&] {
    while (!done) {
      const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
      REQUIRE(reader);
      const auto first = (*reader)->first().value();
      REQUIRE((*reader)->stats());
      CHECK((*reader)->type_counts().value().size() == 1);
      auto cursor = (*reader)->read_from(first);
      auto next = first;
      for (;;) {
        const auto block = cursor ? (*cursor)->next() : Result<const Block*>(cursor.error());
        if (!block) {
          // It was overtaken.
          REQUIRE(block.error().code == ErrorCode::not_found);
          REQUIRE((*reader)->first().value() > next);
          break;
        }
        if (*block == nullptr) break;
        Event event;
        for (auto walk = (*block)->events(next); walk.next(event); ++next)
          REQUIRE(event.data == text_of(next));
      }
      REQUIRE(verified(dir.path()).faults.empty());
    }
  });
  for (std::uint64_t i = 1; i < 1'500; ++i) {
    REQUIRE(append(*log, {event_with(text_of(i))}));
    const auto segments = segments_of(dir.path());
    if (segments.size() > 6) REQUIRE(log->drop_below(segments[segments.size() - 4]));
  }
  done = true;
  reading.join();
  CHECK(log->first().value() > 1'000);
}

TEST_CASE("verify passes over segments that go while it walks") {
  const TempDir dir;
  fill(dir.path());
  const auto segments = segments_of(dir.path());
  FaultFileSystem files;
  int looks = 0;
  const auto report = verify_log(files, dir.path(), {}, [&](std::uint64_t /*done*/, std::uint64_t /*total*/) {
    if (++looks != 2) return;  // after the second segment: the third and fourth go
    const FirstMark mark{log_id_of(dir.path()), segments[4]};
    REQUIRE(drop_segments_below(files, dir.path(), mark));
  });
  REQUIRE(report);
  CHECK(report->faults.empty());
  CHECK(report->segments == segments.size() - 2);
}

}  // namespace aludel
