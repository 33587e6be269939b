// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "log_fixture.hpp"
#include "segment_files.hpp"

namespace aludel {

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

/// Who can tell that the last event was acknowledged.
enum class Known { to_nobody, to_the_tip_page, to_a_processor };

}  // namespace

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
      for (const Known known : {Known::to_nobody, Known::to_the_tip_page, Known::to_a_processor}) {
        if (known != Known::to_nobody && !in_last_append) continue;  // it makes a difference there alone
        CAPTURE(name);
        CAPTURE(offset);
        CAPTURE(static_cast<int>(known));
        snapshot.restore();
        if (known == Known::to_the_tip_page) open_log(small_options(dir.path(), files));
        poke(dir.path() / name, offset, static_cast<char>(content[offset] ^ (1 << offset % 8)));
        Reports reports;
        const auto floor = known == Known::to_a_processor ? acknowledged.size() : 0;
        const auto log = SegmentLog::open(with_cursor(reporting(dir.path(), files, reports), floor));
        if (!log) {
          REQUIRE(log.error().code == ErrorCode::corrupt);
        } else if ((*log)->tip() == acknowledged.size()) {
          check_read(**log, acknowledged);
        } else {
          // The last append of all, nothing behind it, nobody who knows of it: so does a torn tail look.
          REQUIRE(in_last_append);
          REQUIRE(known == Known::to_nobody);
          REQUIRE((*log)->tip() == acknowledged.size() - 1);
          REQUIRE(reports.lines.size() == 1);
        }
      }
    }
  }
}

TEST_CASE("what a damaged footer counts is not believed") {
  const TempDir dir;
  FaultFileSystem files;
  make_two_segments(dir.path(), files);
  const Snapshot snapshot(dir.path());
  const auto& [name, content] = snapshot.files().front();
  const auto footer = block_offsets(content).back();
  const auto header = format::load<format::FooterHeader>(content.data() + footer);
  REQUIRE(header.type_count == 1);
  // The index, an id and an offset an entry, stands before how many events there are of the type.
  const auto count = footer + sizeof header + 16 * std::size_t{header.index_count};
  poke(dir.path() / name, count, static_cast<char>(content[count] + 1));
  const auto counted = SegmentReader::open(files, dir.path()).value()->type_counts();
  REQUIRE_FALSE(counted);
  CHECK(counted.error().code == ErrorCode::corrupt);
}

}  // namespace aludel
