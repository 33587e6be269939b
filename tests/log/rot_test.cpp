// SPDX-License-Identifier: MIT
// What becomes of a log whose files are damaged in any way: it is found, with file and offset, or it does no
// harm. Other bytes than those that were appended are never given out.
#include <algorithm>
#include <string>
#include <vector>

#include "log/recovery.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/memory_file_system.hpp"

namespace aludel {

namespace {

/// Where damage begins.
struct Place {
  std::string file;
  std::size_t offset = 0;
};

/// What somebody came to who used a damaged log.
struct Outcome {
  std::string told;               ///< by errors and reports, one a line
  std::vector<std::string> data;  ///< of the events that were given out

  [[nodiscard]] bool names(const Place& place) const { return told.find(place.file) != std::string::npos; }
};

/// A log that began with a segment that was dropped: `first`, two sealed segments and the active one, with
/// and without producers. All are small: each byte of them counts.
class SmallLog {
 public:
  SmallLog() {
    MemoryFileSystem files(dir());
    const auto log = open_log({.dir = dir(), .files = files, .segment_size = 5'120, .allocate_ahead = false});
    for (int i = 0; log->stats()->segments < 4; ++i)
      append_one(*log, i);
    append_one(*log, 1);
    append_one(*log, 2);
    const auto first_ids = list_segments(files, dir()).value();
    REQUIRE(log->drop_below(first_ids[1]).value() == 1);
    first_ = first_ids[1];
    tip_ = log->tip();
    log_id_ = log->log_id();
    data_ = data_of(read_all(*log, first_));
    content_ = files.content();
    std::filesystem::remove(dir() / "tip");  // on the disk, as if the machine had been started anew
    REQUIRE(content_.size() == 4);
    last_segment_ = segment_name(list_segments(files, dir())->back());
  }

  [[nodiscard]] const FolderContent& content() const { return content_; }
  [[nodiscard]] std::filesystem::path dir() const { return temp_.path(); }
  [[nodiscard]] const std::vector<std::string>& data() const { return data_; }
  [[nodiscard]] const std::string& last_segment() const { return last_segment_; }
  [[nodiscard]] std::size_t last_append() const {
    const auto offsets = block_offsets(content_.at(last_segment_));
    return offsets[offsets.size() - 2];
  }

  /// @param known somebody knows of all its events
  [[nodiscard]] Result<VerifyReport> verify(const FolderContent& left, bool known) const {
    MemoryFileSystem files(dir(), left);
    return verify_log(files, dir(), marks(known), [](std::uint64_t, std::uint64_t) {});
  }

  /// Recovers the log and reads it from its beginning.
  [[nodiscard]] Outcome use(const FolderContent& left, bool known) const {
    MemoryFileSystem files(dir(), left);
    Outcome outcome;
    const auto report = [&](const std::string& line) { outcome.told += line + "\n"; };
    const auto recovered = recover_log(files, dir(), marks(known), report);
    const auto ended = recovered ? read(files, outcome.data) : Result<void>(recovered.error());
    if (!ended) {
      REQUIRE(ended.error().code == ErrorCode::corrupt);
      REQUIRE(ended.error().message.find(" at offset ") != std::string::npos);
      outcome.told += ended.error().message + "\n";
    }
    REQUIRE(outcome.data.size() <= data_.size());
    REQUIRE(std::equal(outcome.data.begin(), outcome.data.end(), data_.begin()));
    return outcome;
  }

 private:
  static void append_one(SegmentLog& log, int number) {
    auto event = event_with("event " + std::to_string(number), number % 2 == 0 ? "even" : "odd");
    event.key = "key";
    REQUIRE(append(log, {event}, number % 2 == 0 ? "p" : "", static_cast<std::uint64_t>(number) / 2));
  }

  Result<void> read(os::FileSystem& files, std::vector<std::string>& data) const {
    const auto reader = SegmentReader::open(files, dir());
    if (!reader) return reader.error();
    const auto cursor = (*reader)->read_from((*reader)->first().value());
    if (!cursor) return cursor.error();
    for (;;) {
      const auto block = (*cursor)->next();
      if (!block) return block.error();
      if (*block == nullptr) return {};
      Event event;
      for (auto events = (*block)->events(0); events.next(event);)
        data.emplace_back(event.data);
    }
  }

  [[nodiscard]] std::vector<KnownMark> marks(bool known) const {
    if (!known) return {};
    return {{"processor x", "processors/x", log_id_, tip_}};
  }

  TempDir temp_;
  FolderContent content_;
  std::string last_segment_;
  std::uint64_t first_ = 0;
  std::uint64_t tip_ = 0;
  Uuid log_id_;
  std::vector<std::string> data_;
};

/// Whether the log's own bytes tell that it went on behind what is left of it, to somebody who knows nothing
/// else.
enum class End {
  told,
  untold,  ///< its end is gone as if it had never been
};

bool finds(const Result<VerifyReport>& report, const Place& place) {
  if (!report) return report.error().message.find(place.file) != std::string::npos;
  auto faults = report->faults;
  if (report->torn_tail) faults.push_back(*report->torn_tail);
  return std::any_of(faults.begin(), faults.end(), [&](const VerifyFault& fault) {
    return fault.file.filename() == place.file && fault.offset <= place.offset;
  });
}

/// What the promises come to: who knows of the events finds out, or gets all of them; so does who does not,
/// but for the end of the log.
void check(const SmallLog& log, const FolderContent& left, const std::vector<Place>& places,
           End end = End::told) {
  const auto named = [&](const Outcome& outcome) {
    return std::any_of(places.begin(), places.end(),
                       [&](const Place& place) { return outcome.names(place); });
  };
  const auto found = [&](const Result<VerifyReport>& report) {
    return std::any_of(places.begin(), places.end(),
                       [&](const Place& place) { return finds(report, place); });
  };
  for (const bool known : {true, false}) {
    CAPTURE(known);
    const auto outcome = log.use(left, known);
    CAPTURE(outcome.told);
    const bool whole = outcome.data == log.data();
    REQUIRE((whole || named(outcome) || (!known && end == End::untold)));
    const auto report = log.verify(left, known);
    REQUIRE((whole || found(report) || (!known && end == End::untold)));
  }
}

/// Of a file that is not the right one its neighbours tell, and the first segment of all if `first` is gone.
std::vector<Place> anywhere(const SmallLog& log) {
  std::vector<Place> places{{segment_name(0)}};
  for (const auto& [name, content] : log.content())
    places.push_back({name, content.size()});
  return places;
}

/// In a segment's header most bytes are reserved, under one checksum: a few of them stand for all.
bool stands_for_others(const std::string& name, std::size_t offset) {
  return name == "first" || offset < 64 || offset >= 4'080 || offset % 64 == 0;
}

}  // namespace

TEST_CASE("a bit flipped anywhere in a log is found by verify, at its file and offset") {
  const SmallLog log;
  REQUIRE(log.verify(log.content(), true)->faults.empty());
  REQUIRE_FALSE(log.verify(log.content(), true)->torn_tail);
  for (const auto& file : log.content()) {
    const auto& name = file.first;
    const auto& content = file.second;
    auto left = log.content();
    for (std::size_t offset = 0; offset < content.size(); ++offset) {
      if (!stands_for_others(name, offset)) continue;
      for (int bit = 0; bit < 8; ++bit) {
        INFO(name << " at " << offset << ", bit " << bit);
        left[name][offset] = static_cast<char>(content[offset] ^ (1 << bit));
        const auto report = log.verify(left, false);
        const bool last_append = name == log.last_segment() && offset >= log.last_append();
        REQUIRE(finds(report, {name, offset}));
        REQUIRE((last_append || !report->torn_tail));
      }
      left[name][offset] = content[offset];
    }
  }
}

TEST_CASE("a bit flipped anywhere in a log harms no event silently") {
  const SmallLog log;
  for (const auto& file : log.content()) {
    const auto& name = file.first;
    const auto& content = file.second;
    auto left = log.content();
    for (std::size_t offset = 0; offset < content.size(); ++offset) {
      if (!stands_for_others(name, offset)) continue;
      INFO(name << " at " << offset);
      left[name][offset] = static_cast<char>(content[offset] ^ (1 << offset % 8));
      check(log, left, {{name, offset}});
      left[name][offset] = content[offset];
    }
  }
}

TEST_CASE(
    "a file of a log that was cut harms no event silently, but at the log's end if nobody knows of it") {
  const SmallLog log;
  for (const auto& file : log.content()) {
    const auto& name = file.first;
    const auto& content = file.second;
    const auto offsets = block_offsets(content);
    for (std::size_t size = 0; size < content.size(); ++size) {
      if (!stands_for_others(name, size)) continue;
      INFO(name << " cut at " << size);
      auto left = log.content();
      left[name].resize(size);
      const bool between_blocks = std::find(offsets.begin(), offsets.end(), size) != offsets.end();
      check(log, left, {{name, size}},
            name == log.last_segment() && between_blocks ? End::untold : End::told);
    }
  }
}

TEST_CASE("what a file of a log has gained harms no event, and is found unless it is zeros allocated ahead") {
  const SmallLog log;
  for (const auto& file : log.content()) {
    const auto& name = file.first;
    const auto& content = file.second;
    const std::string again = content.substr(content.size() / 2);
    for (const auto& more : {std::string(1, '\0'), std::string(24, '\0'), std::string(5'000, '\0'),
                             std::string("x"), std::string(200, '\xff'), again, content}) {
      INFO(name << " with " << more.size() << " bytes more, the first " << static_cast<int>(more.front()));
      auto left = log.content();
      left[name] += more;
      check(log, left, {{name, content.size()}});
      const bool ahead = name == log.last_segment() && more.find_first_not_of('\0') == std::string::npos;
      REQUIRE(finds(log.verify(left, false), {name, content.size()}) == !ahead);
    }
  }
}

TEST_CASE("zeros over a part of a file harm no event silently, but at the log's end if nobody knows of it") {
  const SmallLog log;
  for (const auto& file : log.content()) {
    const auto& name = file.first;
    const auto& content = file.second;
    const auto offsets = block_offsets(content);
    for (std::size_t begin = 0; begin < content.size(); begin += 8) {
      if (!stands_for_others(name, begin)) continue;
      for (const std::size_t size : {8U, 24U, 64U, 128U, 512U, 4'096U, 65'536U}) {
        const auto end = std::min(content.size(), begin + size);
        INFO(name << " from " << begin << " to " << end);
        auto left = log.content();
        std::fill(left[name].begin() + static_cast<std::ptrdiff_t>(begin),
                  left[name].begin() + static_cast<std::ptrdiff_t>(end), '\0');
        if (left == log.content()) continue;
        const auto changed = std::mismatch(content.begin(), content.end(), left[name].begin()).first;
        const auto from = static_cast<std::size_t>(changed - content.begin());
        const bool from_block = std::find(offsets.begin(), offsets.end(), from) != offsets.end();
        const bool to_end = left[name].find_first_not_of('\0', begin) == std::string::npos;
        check(log, left, {{name, end - 1}},
              name == log.last_segment() && from_block && to_end ? End::untold : End::told);
        if (end == content.size()) break;
      }
    }
  }
}

TEST_CASE("files of a log that are gone harm no event silently, but at the log's end if nobody knows of it") {
  const SmallLog log;
  for (const auto& one : log.content()) {
    for (const auto& other : log.content()) {
      INFO(one.first << " and " << other.first);
      auto left = log.content();
      left.erase(one.first);
      left.erase(other.first);
      const bool at_end = one.first == log.last_segment() || other.first == log.last_segment();
      check(log, left, anywhere(log), at_end ? End::untold : End::told);
    }
  }
}

TEST_CASE("files of a log that have changed places, or are another log's, are found") {
  const SmallLog log;
  const SmallLog stranger;
  for (const auto& one : log.content()) {
    for (const auto& other : log.content()) {
      if (one.first >= other.first) continue;
      INFO(one.first << " for " << other.first);
      auto left = log.content();
      std::swap(left[one.first], left[other.first]);
      check(log, left, anywhere(log));
      REQUIRE((finds(log.verify(left, false), {one.first}) || finds(log.verify(left, false), {other.first})));
    }
    INFO(one.first << " of another log");
    auto left = log.content();
    left[one.first] = stranger.content().at(one.first);
    check(log, left, anywhere(log));
    REQUIRE((finds(log.verify(left, false), {one.first}) || finds(log.verify(left, false), {"first"})));
  }
}

TEST_CASE("whatever the files tip and lock of a log that nobody serves hold, or none, no event is harmed") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto check_whole = [&] {
    const auto report = verify_log(files, dir.path(), {}, [](std::uint64_t, std::uint64_t) {});
    REQUIRE(report->faults.empty());
    REQUIRE_FALSE(report->torn_tail);
    REQUIRE(read_all(*SegmentReader::open(files, dir.path()).value()).size() == 3);
    REQUIRE(read_all(*open_log(small_options(dir.path(), files))).size() == 3);
  };
  for (const std::string name : {"tip", "lock"}) {
    const auto content = read_file(dir.path() / name);
    for (std::size_t offset = 0; offset < content.size(); offset += offset < 64 ? 1 : 512) {
      INFO(name << " at " << offset);
      for (const auto change : {1, 0x80, 0xff}) {
        write_file(dir.path() / name, content);
        poke(dir.path() / name, offset, static_cast<char>(content[offset] ^ change));
        check_whole();
      }
      write_file(dir.path() / name, content.substr(0, offset));
      check_whole();
    }
    write_file(dir.path() / name, content + std::string(5'000, 'x'));
    check_whole();
    std::filesystem::remove(dir.path() / name);
    check_whole();
  }
}

}  // namespace aludel
