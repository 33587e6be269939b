// SPDX-License-Identifier: MIT
#include <cerrno>
#include <functional>
#include <unistd.h>
#include <utility>

#include "log/format.hpp"
#include "log/segment.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

TEST_CASE(
    "a tail torn at any byte of the last block is cut, saved aside and reported, and nothing else is lost") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const Snapshot snapshot(dir.path());
  const auto offsets = block_offsets(snapshot.last());
  REQUIRE(offsets.size() == 4);
  const auto last = offsets[2];
  const auto end = offsets[3];
  for (const bool zeros_behind : {false, true}) {
    for (auto size = last; size < end; ++size) {
      CAPTURE(size);
      snapshot.restore();
      auto torn = snapshot.last().substr(0, size);
      const auto tail = torn.substr(last, torn.find_last_not_of('\0') + 1 - last);
      if (zeros_behind) torn.resize(16'384);
      write_file(snapshot.last_path(), torn);
      if (zeros_behind && torn.substr(0, end) == snapshot.last()) continue;  // only the padding was missing
      Reports reports;
      const auto log = open_log(reporting(dir.path(), files, reports));
      REQUIRE(log->tip() == 2);
      REQUIRE(data_of(read_all(*log)) == std::vector<std::string>{"event 0", "event 1"});
      REQUIRE(reports.lines.size() == (size == last ? 0 : 1));
      if (size > last) {
        REQUIRE(reports.lines[0].find("torn-1") != std::string::npos);
        REQUIRE(read_file(dir.path() / "torn-1") == tail);
      }
      REQUIRE(append(*log, {event_with("next")})->first == 2);
    }
  }
}

TEST_CASE("a torn tail is saved beside those that were saved before") {
  const TempDir dir;
  FaultFileSystem files;
  for (int i = 0; i < 3; ++i) {
    append_each(*open_log(small_options(dir.path(), files)), 1);
    const auto path = dir.path() / segment_name(0);
    write_file(path, read_file(path) + "garbage " + std::to_string(i));
    CHECK(open_log(small_options(dir.path(), files))->tip() == static_cast<std::uint64_t>(i + 1));
    CHECK(read_file(dir.path() / ("torn-" + std::to_string(i + 1))) == "garbage " + std::to_string(i));
  }
}

TEST_CASE("a torn tail that a full disk cannot take says what to do") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 1);
  const auto path = dir.path() / segment_name(0);
  write_file(path, read_file(path) + "garbage");
  files.fail_next("write_at", ENOSPC);
  const auto refused = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::disk_full);
  CHECK(refused.error().message.find("free 7 bytes, then start again") != std::string::npos);
  CHECK(refused.error().message.find(path.string()) != std::string::npos);
  CHECK(open_log(small_options(dir.path(), files))->tip() == 1);
}

TEST_CASE("blocks that were written but not acknowledged are kept") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  Reports reports;
  CHECK(open_log(reporting(dir.path(), files, reports))->tip() == 3);
  CHECK(reports.lines.empty());
}

TEST_CASE(
    "a bad block below a synced_to that stands behind it is corrupt, named by file and offset, and not cut") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 4);
  const Snapshot snapshot(dir.path());
  const auto offsets = block_offsets(snapshot.last());
  for (const std::size_t block : {0u, 1u, 2u}) {
    snapshot.restore();
    auto bad = snapshot.last();
    bad[offsets[block] + 40] ^= 1;
    write_file(snapshot.last_path(), bad);
    const auto log = SegmentLog::open(small_options(dir.path(), files));
    REQUIRE_FALSE(log);
    CHECK(log.error().code == ErrorCode::corrupt);
    CHECK(log.error().message.find(snapshot.last_path().string()) != std::string::npos);
    CHECK(log.error().message.find("offset " + std::to_string(offsets[block])) != std::string::npos);
    CHECK(read_file(snapshot.last_path()) == bad);
  }
}

TEST_CASE("a bad block below a processor's cursor is corrupt, even if it is the last") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const Snapshot snapshot(dir.path());
  auto bad = snapshot.last();
  bad[block_offsets(bad)[2] + 40] ^= 1;
  write_file(snapshot.last_path(), bad);
  forget_boot(dir.path());
  Reports reports;
  const auto refused = SegmentLog::open(with_cursor(reporting(dir.path(), files, reports), 3));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::corrupt);
  CHECK(read_file(snapshot.last_path()) == bad);
  CHECK(open_log(with_cursor(reporting(dir.path(), files, reports), 2))->tip() == 2);
  CHECK(reports.lines.size() == 1);
}

TEST_CASE("a log that ends cleanly, but before a processor's cursor, is corrupt and not changed") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    while (log->stats()->segments < 2)
      append_each(*log, 1);
    append_each(*log, 3);
  }
  const Snapshot snapshot(dir.path());
  const auto offsets = block_offsets(snapshot.last());
  const auto last = offsets[offsets.size() - 2];
  const auto tip = *parse_segment_name(snapshot.files().back().first) + offsets.size() - 1;
  const std::pair<const char*, std::function<void()>> losses[] = {
      {"cut", [&] { write_file(snapshot.last_path(), snapshot.last().substr(0, last)); }},
      {"zeroed",
       [&] { write_file(snapshot.last_path(), snapshot.last().substr(0, last) + std::string(4'096, '\0')); }},
      {"gone", [&] { std::filesystem::remove(snapshot.last_path()); }},
  };
  for (const auto& loss : losses) {
    CAPTURE(loss.first);
    snapshot.restore();
    loss.second();
    const Snapshot damaged(dir.path());
    Reports reports;
    const auto refused = SegmentLog::open(with_cursor(reporting(dir.path(), files, reports), tip));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    const auto& message = refused.error().message;
    const auto offset = loss.first == std::string("gone") ? 0 : last;
    CHECK(message.find(snapshot.last_path().string() + " at offset " + std::to_string(offset)) !=
          std::string::npos);
    CHECK(message.find("processor x knows its events to below " + std::to_string(tip)) != std::string::npos);
    CHECK(message.find(": put back what is missing of its files, or restore a backup; if there is none, "
                       "or it is processor x that is wrong, reset it (`aludel processor reset`), or remove "
                       "processors/x, to go on without them") != std::string::npos);
    CHECK(Snapshot(dir.path()).files() == damaged.files());
    CHECK(reports.lines.empty());
    CHECK(open_log(small_options(dir.path(), files))->tip() < tip);
  }
}

TEST_CASE("what a processor has seen of events that were never synced may be lost, but not their segment") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files, Sync::normal));
    while (log->stats()->segments < 2)
      append_each(*log, 1);
    append_each(*log, 3);
  }
  const Snapshot snapshot(dir.path());
  const auto first = *parse_segment_name(snapshot.files().back().first);
  const auto offsets = block_offsets(snapshot.last());
  const auto tip = first + offsets.size() - 1;
  auto bad = snapshot.last();
  bad[offsets[1] + 40] ^= 1;
  bad[offsets[2] + 40] ^= 1;
  struct Loss {
    const char* what;
    std::function<void()> lose;
    std::optional<std::uint64_t> opens_with;
  };
  const auto cut_to = [&](std::size_t size) {
    write_file(snapshot.last_path(), snapshot.last().substr(0, size));
  };
  const Loss losses[] = {
      {"the last block", [&] { cut_to(offsets[offsets.size() - 2]); }, tip - 1},
      {"all blocks but the header", [&] { cut_to(offsets[0]); }, first},
      {"all blocks but the first, torn", [&] { write_file(snapshot.last_path(), bad); }, first + 1},
      {"the segment's header", [&] { write_file(snapshot.last_path(), std::string(8'192, '\0')); }, {}},
      {"the segment", [&] { std::filesystem::remove(snapshot.last_path()); }, {}},
  };
  for (const auto& loss : losses) {
    CAPTURE(loss.what);
    snapshot.restore();
    loss.lose();
    const Snapshot damaged(dir.path());
    Reports reports;
    const auto options = with_cursor(reporting(dir.path(), files, reports), tip, false);
    const auto verified = verify_log(files, dir.path(), options.known, [](std::uint64_t, std::uint64_t) {});
    REQUIRE(verified);
    CHECK(verified->faults.empty() == loss.opens_with.has_value());
    const auto log = SegmentLog::open(options);
    REQUIRE(log.has_value() == loss.opens_with.has_value());
    if (log) {
      CHECK((*log)->tip() == *loss.opens_with);
      REQUIRE_FALSE(reports.lines.empty());
      CHECK(reports.lines.back().find("the log ends before event " + std::to_string(*loss.opens_with)) !=
            std::string::npos);
      CHECK(reports.lines.back().find("processor x knows its events to below " + std::to_string(tip)) !=
            std::string::npos);
      CHECK(append(**log, {event_with("next")})->first == *loss.opens_with);
    } else {
      CHECK(log.error().code == ErrorCode::corrupt);
      CHECK(Snapshot(dir.path()).files() == damaged.files());
      CHECK(reports.lines.empty());
    }
  }
}

TEST_CASE(
    "in the boot in which an event was acknowledged its loss is corrupt, and in a later one a torn tail") {
  for (const auto sync : {Sync::full, Sync::normal}) {
    const TempDir dir;
    FaultFileSystem files;
    append_each(*open_log(small_options(dir.path(), files, sync)), 3);
    const Snapshot snapshot(dir.path());
    const auto last = block_offsets(snapshot.last())[2];
    auto flipped = snapshot.last();
    flipped[last + 40] ^= 1;
    for (const auto& damaged : {flipped, snapshot.last().substr(0, last)}) {
      write_file(snapshot.last_path(), damaged);
      for (int i = 0; i < 2; ++i) {  // a writer that was refused takes nothing from what the page says
        const auto refused = SegmentLog::open(small_options(dir.path(), files));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::corrupt);
        CHECK(refused.error().message.find("offset " + std::to_string(last)) != std::string::npos);
        CHECK(refused.error().message.find("remove " + (dir.path() / "tip").string()) != std::string::npos);
        CHECK(read_file(snapshot.last_path()) == damaged);
      }
    }
    forget_boot(dir.path());
    CHECK(open_log(small_options(dir.path(), files))->tip() == 2);
  }
}

TEST_CASE("a log whose segments are all gone is not begun anew under the events' ids") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  std::filesystem::remove(dir.path() / segment_name(0));
  const auto refused = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::corrupt);
  CHECK(refused.error().message.find("remove " + (dir.path() / "tip").string() + " to begin a new log") !=
        std::string::npos);
  forget_boot(dir.path());
  CHECK(open_log(small_options(dir.path(), files))->tip() == 0);
}

TEST_CASE("what a processor knows of another log says nothing of this one") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  auto options = with_cursor(small_options(dir.path(), files), 1'000);
  options.known[0].log_id = Uuid::random();
  CHECK(open_log(options)->tip() == 3);
}

TEST_CASE("a bad block in front of a seal is corrupt, also while the sealed file is not yet cut to size") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    while (log->stats()->segments < 2)
      append_each(*log, 1);
  }
  std::filesystem::remove(dir.path() / segment_name(list_segments(files, dir.path()).value().back()));
  const Snapshot snapshot(dir.path());
  REQUIRE(snapshot.files().size() == 1);
  const auto offsets = block_offsets(snapshot.last());
  auto bad = snapshot.last();
  bad[offsets[offsets.size() - 2] + 40] ^= 1;  // in the last block's header
  bad.resize(32'768);
  write_file(snapshot.last_path(), bad);
  const auto log = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(log);
  CHECK(log.error().code == ErrorCode::corrupt);
}

TEST_CASE("a writer that ended between seal and next segment left a log that goes on") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t tip = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    while (log->stats()->segments < 2)
      append_each(*log, 1);
    tip = log->tip() - 1;
  }
  const auto next = dir.path() / segment_name(tip);
  REQUIRE(std::filesystem::remove(next));
  const Snapshot snapshot(dir.path());
  const std::pair<const char*, std::function<void()>> endings[] = {
      {"before the next segment was made", [] {}},
      {"before the sealed file was cut to size",
       [&] { write_file(snapshot.last_path(), snapshot.last() + std::string(4'096, '\0')); }},
      {"inside the footer",
       [&] { write_file(snapshot.last_path(), snapshot.last().substr(0, snapshot.last().size() - 40)); }},
      {"inside the footer's header",
       [&] {
         write_file(snapshot.last_path(),
                    snapshot.last().substr(0, block_offsets(snapshot.last()).back() + 9));
       }},
      {"while it saved a torn tail", [&] { write_file(unfinished(dir.path() / "torn-1"), "half"); }},
      {"while it made the next segment", [&] { write_file(unfinished(next), "half a header"); }},
  };
  for (const auto& ending : endings) {
    CAPTURE(ending.first);
    snapshot.restore();
    ending.second();
    {
      const auto log = open_log(small_options(dir.path(), files));
      REQUIRE(log->tip() == tip);
      REQUIRE(log->type_counts() == TypeCounts{{"test", tip}});
      append_each(*log, 1);
    }
    append_each(*open_log(small_options(dir.path(), files)), 19);
    const auto log = open_log(small_options(dir.path(), files));
    REQUIRE(read_all(*log).size() == tip + 20);
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      REQUIRE_FALSE(is_unfinished(entry.path().filename().string()));
    }
  }
}

TEST_CASE("a last segment without a header is corrupt, as no writer leaves one, and not changed") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    while (log->stats()->segments < 2)
      append_each(*log, 1);
  }
  const Snapshot snapshot(dir.path());
  const auto header = snapshot.last().substr(0, sizeof(format::SegmentHeader));
  auto flipped = snapshot.last();
  flipped[100] ^= 1;
  for (const auto& left : {std::string(), header.substr(0, header.size() - 1), std::string(5'000, 'g'),
                           std::string(65'536, '\0'), flipped}) {
    CAPTURE(left.size());
    snapshot.restore();
    write_file(snapshot.last_path(), left);
    Reports reports;
    const auto refused = SegmentLog::open(reporting(dir.path(), files, reports));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.find(snapshot.last_path().string() + " at offset ") != std::string::npos);
    CHECK(reports.lines.empty());
    CHECK(read_file(snapshot.last_path()) == left);
    CHECK(list_segments(files, dir.path())->size() == snapshot.files().size());
  }
}

TEST_CASE("a whole block that does not follow the one before it is corrupt") {
  const TempDir dir;
  const TempDir other;
  FaultFileSystem files;
  open_log(small_options(dir.path(), files));
  // A copy of the log takes another course: the same ids, the same identity, other events.
  std::filesystem::copy(dir.path(), other.path(), std::filesystem::copy_options::recursive);
  append_each(*open_log(small_options(dir.path(), files)), 4, "here ");
  append_each(*open_log(small_options(other.path(), files)), 4, "away ");
  const Snapshot snapshot(dir.path());
  const auto offsets = block_offsets(snapshot.last());
  auto mixed = snapshot.last();
  const auto size = offsets[2] - offsets[1];
  mixed.replace(offsets[1], size, Snapshot(other.path()).last().substr(offsets[1], size));
  write_file(snapshot.last_path(), mixed);
  const auto log = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(log);
  CHECK(log.error().code == ErrorCode::corrupt);
  CHECK(log.error().message.find("does not follow") != std::string::npos);
}

TEST_CASE("a segment that follows another history of the log than the one before it is corrupt") {
  const TempDir dir;
  const TempDir other;
  FaultFileSystem files;
  open_log(small_options(dir.path(), files));
  std::filesystem::copy(dir.path(), other.path(), std::filesystem::copy_options::recursive);
  const auto fill = [&](const std::filesystem::path& folder, const char* prefix) {
    const auto log = open_log(small_options(folder, files));
    while (log->stats()->segments < 2)
      append_each(*log, 1, prefix);
  };
  fill(dir.path(), "here ");
  fill(other.path(), "away ");
  const Snapshot here(dir.path());
  const Snapshot away(other.path());
  REQUIRE(here.last_path().filename() == away.last_path().filename());
  write_file(here.last_path(), away.last());
  const auto log = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(log);
  CHECK(log.error().code == ErrorCode::corrupt);
  CHECK(log.error().message.find("does not follow") != std::string::npos);
  CHECK(read_file(here.last_path()) == away.last());
}

TEST_CASE("a segment with a damaged header but blocks in it is corrupt, as is one that is missing") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    while (log->stats()->segments < 3)
      append_each(*log, 1);
    append_each(*log, 2);
  }
  const Snapshot snapshot(dir.path());
  auto bad = snapshot.last();
  bad[100] ^= 1;
  write_file(snapshot.last_path(), bad);
  CHECK(SegmentLog::open(small_options(dir.path(), files)).error().code == ErrorCode::corrupt);
  CHECK(read_file(snapshot.last_path()) == bad);
  snapshot.restore();
  std::filesystem::remove(dir.path() / snapshot.files()[1].first);
  const auto refused = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE(refused.error().code == ErrorCode::corrupt);
  const auto missing = dir.path() / snapshot.files()[1].first;
  CHECK(refused.error().message.find("read " + missing.string() + " at offset 0: the segment is missing") ==
        0);
}

TEST_CASE(
    "a log cannot be opened twice; the second is told the first one's process, a reader is not disturbed") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 2);
  const auto second = SegmentLog::open(small_options(dir.path(), files));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::locked);
  CHECK(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
  CHECK(SegmentReader::open(files, dir.path()).value()->tip() == 2);
  append_each(*log, 1);
}

}  // namespace aludel
