// SPDX-License-Identifier: MIT
#include <cstring>
#include <fstream>
#include <functional>
#include <unistd.h>
#include <utility>

#include "log/format.hpp"
#include "log/segment.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::remove(path);  // some file systems sync what is written over a truncated file
  std::ofstream(path, std::ios::binary) << content;
}

void poke(const std::filesystem::path& path, std::size_t offset, char byte) {
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(offset))
      .put(byte);
}

/// A log's segments in memory, to be put back before each try.
class Snapshot {
 public:
  explicit Snapshot(std::filesystem::path dir) : dir_(std::move(dir)) {
    for (const auto id : list_segments(os::real_file_system(), dir_).value()) {
      files_.emplace_back(segment_name(id), read_file(dir_ / segment_name(id)));
    }
  }
  void restore() const {
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      if (entry.path().filename() != "tip" && entry.path().filename() != "lock")
        std::filesystem::remove(entry);
    }
    for (const auto& [name, content] : files_)
      write_file(dir_ / name, content);
  }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& files() const { return files_; }
  [[nodiscard]] const std::string& last() const { return files_.back().second; }
  [[nodiscard]] std::filesystem::path last_path() const { return dir_ / files_.back().first; }

 private:
  std::filesystem::path dir_;
  std::vector<std::pair<std::string, std::string>> files_;
};

/// Where the blocks of a segment begin, and where the last one ends.
std::vector<std::size_t> block_offsets(const std::string& segment) {
  std::vector<std::size_t> offsets{sizeof(format::SegmentHeader)};
  while (offsets.back() + sizeof(format::BlockHeader) <= segment.size()) {
    const auto header = format::load<format::BlockHeader>(segment.data() + offsets.back());
    if (header.common.magic != format::block_magic) break;
    offsets.push_back(offsets.back() + format::block_size(header));
  }
  return offsets;
}

struct Reports {
  std::vector<std::string> lines;
  [[nodiscard]] ReportSink sink() {
    return [this](const std::string& line) { lines.push_back(line); };
  }
};

OpenOptions reporting(const std::filesystem::path& dir, FaultFileSystem& files, Reports& reports,
                      std::uint64_t durable_floor = 0) {
  auto options = OpenOptions{.dir = dir,
                             .files = files,
                             .durable_floor = durable_floor,
                             .segment_size = 8'192,
                             .allocate_ahead = false,
                             .report = reports.sink()};
  return options;
}

}  // namespace

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
      const auto saved_size =
          torn.find_last_not_of('\0') + 1 - std::min(last, torn.find_last_not_of('\0') + 1);
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
        REQUIRE(read_file(dir.path() / "torn-1") == snapshot.last().substr(last, saved_size));
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
  Reports reports;
  const auto refused = SegmentLog::open(reporting(dir.path(), files, reports, 3));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::corrupt);
  CHECK(read_file(snapshot.last_path()) == bad);
  CHECK(open_log(reporting(dir.path(), files, reports, 2))->tip() == 2);
  CHECK(reports.lines.size() == 1);
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
      {"with a next segment of no content", [&] { write_file(next, ""); }},
      {"with a next segment of garbage", [&] { write_file(next, std::string(5'000, 'g')); }},
      {"with a next segment of zeros", [&] { write_file(next, std::string(65'536, '\0')); }},
  };
  for (const auto& ending : endings) {
    CAPTURE(ending.first);
    snapshot.restore();
    ending.second();
    {
      const auto log = open_log(small_options(dir.path(), files));
      REQUIRE(log->tip() == tip);
      REQUIRE(log->type_counts() == TypeCounts{{"test", tip}});
      append_each(*log, 20);
    }
    const auto log = open_log(small_options(dir.path(), files));
    REQUIRE(read_all(*log).size() == tip + 20);
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      REQUIRE_FALSE(is_unfinished(entry.path().filename().string()));
    }
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
  CHECK(SegmentLog::open(small_options(dir.path(), files)).error().code == ErrorCode::corrupt);
}

namespace {

/// Reads to the tip, or to a block that is reported as corrupt: either way no further than what is right.
void check_read(SegmentLog& log, const std::vector<std::string>& acknowledged) {
  std::vector<std::string> data;
  const auto cursor = log.read_from(0);
  for (bool more = cursor.has_value(); more;) {
    const auto block = (*cursor)->next();
    REQUIRE((block || block.error().code == ErrorCode::corrupt));
    more = block && *block != nullptr;
    Event event;
    if (more) {
      for (auto walk = (*block)->events(0); walk.next(event);)
        data.emplace_back(event.data);
    } else {
      REQUIRE((!block || data == acknowledged));
    }
  }
  REQUIRE(std::equal(data.begin(), data.end(), acknowledged.begin()));
}

/// A log of two segments, closed; returns the data of its events.
std::vector<std::string> make_two_segments(const std::filesystem::path& dir, FaultFileSystem& files) {
  const auto log = open_log(small_options(dir, files));
  while (log->stats()->segments < 2)
    append_each(*log, 1);
  append_each(*log, 2);
  return data_of(read_all(*log));
}

}  // namespace

TEST_CASE("a byte flipped anywhere in a log is found by verify") {
  const TempDir dir;
  FaultFileSystem files;
  make_two_segments(dir.path(), files);
  const auto verify = [&] {
    return verify_log(files, dir.path(), [](std::uint64_t, std::uint64_t) {}).value();
  };
  REQUIRE(verify().faults.empty());
  REQUIRE_FALSE(verify().torn_tail);
  const Snapshot snapshot(dir.path());
  for (const auto& file : snapshot.files()) {
    const auto& name = file.first;
    const auto& content = file.second;
    for (std::size_t offset = 0; offset < content.size(); ++offset) {
      CAPTURE(name);
      CAPTURE(offset);
      poke(dir.path() / name, offset, static_cast<char>(content[offset] ^ (1 << offset % 8)));
      const auto found = verify();
      REQUIRE((!found.faults.empty() || found.torn_tail));
      poke(dir.path() / name, offset, content[offset]);
    }
  }
}

TEST_CASE("a byte flipped anywhere in a log never loses an acknowledged event silently") {
  const TempDir dir;
  FaultFileSystem files;
  const auto acknowledged = make_two_segments(dir.path(), files);
  const Snapshot snapshot(dir.path());
  const auto offsets = block_offsets(snapshot.last());
  const auto last_append = offsets[offsets.size() - 2];
  for (const auto& file : snapshot.files()) {
    const auto& name = file.first;
    const auto& content = file.second;
    // The segment's header is mostly zeros under one checksum: a few of its bytes stand for all.
    for (std::size_t offset = 0; offset < content.size();
         offset += offset >= 64 && offset < 3'584 ? 512 : 1) {
      const bool in_last_append = name == snapshot.files().back().first && offset >= last_append;
      // A processor's cursor makes a difference there alone.
      for (std::uint64_t floor = 0; floor <= (in_last_append ? acknowledged.size() : 0);
           floor += acknowledged.size()) {
        CAPTURE(name);
        CAPTURE(offset);
        CAPTURE(floor);
        poke(dir.path() / name, offset, static_cast<char>(content[offset] ^ (1 << offset % 8)));
        Reports reports;
        const auto log = SegmentLog::open(reporting(dir.path(), files, reports, floor));
        if (!log) {
          REQUIRE(log.error().code == ErrorCode::corrupt);
        } else if ((*log)->tip() == acknowledged.size()) {
          check_read(**log, acknowledged);
        } else {
          // The last append of all, nothing behind it, no cursor beyond it: so does a torn tail look.
          REQUIRE(in_last_append);
          REQUIRE(floor == 0);
          REQUIRE((*log)->tip() == acknowledged.size() - 1);
          REQUIRE(reports.lines.size() == 1);
          snapshot.restore();
        }
        poke(dir.path() / name, offset, content[offset]);
      }
    }
  }
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
