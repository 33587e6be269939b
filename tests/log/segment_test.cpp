// SPDX-License-Identifier: MIT
#include "log/segment.hpp"

#include <fstream>
#include <numeric>

#include "log/footer.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

std::vector<std::uint64_t> segments_of(const std::filesystem::path& dir) {
  return list_segments(os::real_file_system(), dir).value();
}

}  // namespace

TEST_CASE("segment names sort as their ids and are read back") {
  CHECK(segment_name(0) == "00000000000000000000.seg");
  CHECK(segment_name(UINT64_MAX) == "18446744073709551615.seg");
  CHECK(parse_segment_name(segment_name(123)) == 123);
  for (const char* name : {"1.seg", "0000000000000000000x.seg", "00000000000000000000.seg.tmp",
                           "99999999999999999999.seg", "tip", ""}) {
    CHECK_FALSE(parse_segment_name(name));
  }
}

TEST_CASE("a log rolls over into segments, and every event can be read from every id on") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 30, "single ");
  std::vector<OwnedEvent> batch(7, event_with("of a batch"));
  REQUIRE(append(*log, batch));
  append_each(*log, 10, "after ");
  REQUIRE(segments_of(dir.path()).size() >= 3);
  const auto all = read_all(*log);
  REQUIRE(all.size() == 47);
  for (std::uint64_t id = 0; id <= all.size(); ++id) {
    const auto rest = read_all(*log, id);
    REQUIRE(std::equal(rest.begin(), rest.end(), all.begin() + static_cast<std::ptrdiff_t>(id), all.end()));
  }
  CHECK(log->read_from(48).error().code == ErrorCode::not_found);
}

TEST_CASE("a sealed segment has its exact size and a footer with what the log holds up to there") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(append(*log, {event_with("x", i % 2 == 0 ? "even" : "odd")}, "producer",
                   static_cast<std::uint64_t>(i)));
  }
  const auto first_ids = segments_of(dir.path());
  REQUIRE(first_ids.size() >= 2);
  const auto path = dir.path() / segment_name(first_ids[0]);
  const auto file = files.open(path, os::OpenMode::read);
  const auto footer = find_footer(**file, path);
  REQUIRE(footer);
  REQUIRE(footer->has_value());
  const auto end = first_ids[1];
  CHECK((*footer)->header.end_id == end);
  CHECK((*footer)->offset + footer_size((*footer)->header) == std::filesystem::file_size(path));
  CHECK((*footer)->catalog.types == TypeCounts{{"even", (end + 1) / 2}, {"odd", end / 2}});
  CHECK((*footer)->catalog.producers.at("producer").next_sequence == end);
}

TEST_CASE("opening a log reads the last footer and the segment behind it, no others") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 60);
  const auto first_ids = segments_of(dir.path());
  REQUIRE(first_ids.size() >= 4);
  const auto before = files.calls().size();
  const auto log = open_log(small_options(dir.path(), files));
  const auto calls = files.calls();
  for (auto i = before; i < calls.size(); ++i) {
    if (const auto id = parse_segment_name(calls[i].file)) CHECK(*id >= first_ids[first_ids.size() - 2]);
  }
  CHECK(log->tip() == 60);
  CHECK(log->type_counts() == TypeCounts{{"test", 60}});
}

TEST_CASE("types are counted over the whole log, by the writer and by any reader, also after a restart") {
  const TempDir dir;
  FaultFileSystem files;
  TypeCounts expected;
  for (int run = 0; run < 3; ++run) {
    const auto log = open_log(small_options(dir.path(), files));
    for (int i = 0; i < 15; ++i) {
      const auto type = "type " + std::to_string(i % 4);
      REQUIRE(append(*log, {event_with("a", type), event_with("b", "common")}));
      ++expected[type];
      ++expected["common"];
    }
    CHECK(log->type_counts() == expected);
    auto reader = SegmentReader::open(os::real_file_system(), dir.path());
    REQUIRE(reader);
    CHECK((*reader)->type_counts().value() == expected);
    const auto stats = (*reader)->stats();
    REQUIRE(stats);
    CHECK(stats->events == static_cast<std::uint64_t>(30 * (run + 1)));
    CHECK(stats->segments == segments_of(dir.path()).size());
  }
}

TEST_CASE("what is allocated ahead is no part of the log, and does not grow without appends") {
  const TempDir dir;
  std::uint64_t size = 0;
  for (int run = 0; run < 3; ++run) {
    const auto log = open_log({.dir = dir.path()});
    append_each(*log, 1);
    CHECK(log->stats()->bytes < 8'192);
  }
  size = std::filesystem::file_size(dir.path() / segment_name(0));
  CHECK(size <= 256 * 1'024);
  CHECK(open_log({.dir = dir.path()})->tip() == 3);
}

TEST_CASE("an append that no segment can hold is refused, and does not disturb the others") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  CHECK(append(*log, {event_with(std::string(5'000, 'x'))}).error().code == ErrorCode::limit);
  append_each(*log, 2);
  CHECK(append(*log, {event_with(std::string(5'000, 'x'))}).error().code == ErrorCode::limit);
  append_each(*log, 2);
  CHECK(log->tip() == 4);
}

TEST_CASE("the fingerprint of an event's block stays, and differs from block to block") {
  const TempDir dir;
  FaultFileSystem files;
  std::vector<std::uint32_t> fingerprints;
  {
    const auto log = open_log(small_options(dir.path(), files));
    for (int i = 0; i < 20; ++i)
      REQUIRE(append(*log, {event_with("a"), event_with("b")}));
    for (std::uint64_t id = 0; id < 40; ++id)
      fingerprints.push_back(log->block_fingerprint(id).value());
    CHECK(log->block_fingerprint(40).error().code == ErrorCode::not_found);
  }
  const auto log = open_log(small_options(dir.path(), files));
  for (std::uint64_t id = 0; id < 40; ++id) {
    CHECK(log->block_fingerprint(id).value() == fingerprints[id]);
    if (id > 0) CHECK((fingerprints[id] == fingerprints[id - 1]) == (id % 2 == 1));
  }
}

TEST_CASE("a log in a newer format is refused with what to do, and left as it is") {
  const TempDir dir;
  append_each(*open_log({.dir = dir.path()}), 1);
  const auto path = dir.path() / segment_name(0);
  format::SegmentHeader header;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  header.version = 2;
  header.crc = format::crc_of(header);
  file.seekp(0).write(reinterpret_cast<const char*>(&header), sizeof header);
  file.close();
  for (const auto& error : {SegmentLog::open({.dir = dir.path()}).error(),
                            SegmentReader::open(os::real_file_system(), dir.path()).error()}) {
    CHECK(error.code == ErrorCode::unsupported);
    CHECK(error.message.find("format 2") != std::string::npos);
    CHECK(error.message.find("use the Aludel that wrote it") != std::string::npos);
  }
}

TEST_CASE("a cursor keeps the bytes of all it passed until they are released") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 40);
  auto cursor = log->read_from(0);
  REQUIRE(cursor);
  std::vector<std::string_view> data;
  Event event;
  for (auto block = (*cursor)->next(); *block != nullptr; block = (*cursor)->next()) {
    for (auto walk = (*block)->events(0); walk.next(event);)
      data.push_back(event.data);
  }
  REQUIRE(data.size() == 40);
  for (std::size_t i = 0; i < data.size(); ++i)
    CHECK(data[i] == "event " + std::to_string(i));
  (*cursor)->release();
  CHECK(data.back() == "event 39");
}

}  // namespace aludel
