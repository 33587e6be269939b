// SPDX-License-Identifier: MIT
#include "log/verify.hpp"

#include <fstream>
#include <functional>
#include <string>

#include "base/crc32c.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/lock.hpp"
#include "log/footer.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/tip_page.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

VerifyReport verify(const std::filesystem::path& dir, const std::vector<KnownMark>& marks = {}) {
  auto report = verify_log(os::real_file_system(), dir, marks, [](std::uint64_t, std::uint64_t) {});
  REQUIRE(report);
  return std::move(*report);
}

void damage(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset)).write("damage", 6);
}

Footer footer_of(const std::filesystem::path& dir, std::uint64_t first_id) {
  const auto path = dir / segment_name(first_id);
  const auto file = os::real_file_system().open(path, os::OpenMode::read);
  REQUIRE(file);
  const auto footer = find_footer(**file, path);
  REQUIRE(footer);
  REQUIRE(footer->has_value());
  return **footer;
}

/// With checksums that are right.
void write_footer(const std::filesystem::path& dir, std::uint64_t first_id, const Footer& footer) {
  const auto& common = footer.header.common;
  const auto bytes = encode_footer(
      {common.log_id, common.first_id, footer.header.end_id, common.time_ns, common.previous_crc},
      footer.offset, footer.index, footer.catalog);
  std::fstream file(dir / segment_name(first_id), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(footer.offset))
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Changes a block's header and directory, whose checksums are right then.
void change_block(const std::filesystem::path& path, std::uint64_t offset,
                  const std::function<void(format::BlockHeader&, std::string& directory)>& change) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  format::BlockHeader header;
  file.seekg(static_cast<std::streamoff>(offset)).read(reinterpret_cast<char*>(&header), sizeof header);
  std::string directory(header.directory_size, '\0');
  file.read(directory.data(), header.directory_size);
  change(header, directory);
  header.directory_crc = crc32c(directory);
  header.common.crc = format::crc_of(header);
  file.seekp(static_cast<std::streamoff>(offset))
      .write(reinterpret_cast<const char*>(&header), sizeof header)
      .write(directory.data(), header.directory_size);
}

}  // namespace

TEST_CASE("verify finds nothing wrong with a log, counts its events, and tells how far it is") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t bytes = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 60);
    bytes = log->stats()->bytes;
    CHECK(verify(dir.path()).faults.empty());  // while a writer serves
  }
  std::uint64_t last_done = 0;
  std::uint64_t last_total = 0;
  const auto report = verify_log(files, dir.path(), {}, [&](std::uint64_t done, std::uint64_t total) {
    CHECK(done >= last_done);
    CHECK(done <= total);
    last_done = done;
    last_total = total;
  });
  REQUIRE(report);
  CHECK(report->faults.empty());
  CHECK_FALSE(report->torn_tail);
  CHECK(report->events == 60);
  CHECK(report->bytes == bytes);
  CHECK(report->segments == list_segments(files, dir.path())->size());
  CHECK(last_done == last_total);
}

TEST_CASE("verify takes what is appended while it walks for no fault") {
  for (const bool serves : {false, true}) {
    CAPTURE(serves);
    const TempDir dir;
    FaultFileSystem files;
    auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 5);
    if (!serves) log.reset();
    int left = 3;
    const auto report = verify_log(files, dir.path(), {}, [&](std::uint64_t, std::uint64_t) {
      if (left-- <= 0) return;
      if (!log) log = open_log(small_options(dir.path(), files));
      append_each(*log, 1);
    });
    REQUIRE(report);
    CHECK(report->faults.empty());
    CHECK_FALSE(report->torn_tail);
    CHECK(report->events >= 5);
  }
}

TEST_CASE("verify names each of several faults by file and offset, and goes on behind them") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t second = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 1);
    second = log->stats()->bytes;
    append_each(*log, 59);
  }
  const auto first_ids = list_segments(files, dir.path()).value();
  REQUIRE(first_ids.size() >= 4);
  damage(dir.path() / segment_name(first_ids[0]), second + 60);
  damage(dir.path() / segment_name(first_ids[1]), 4'096 + 150);
  damage(dir.path() / segment_name(first_ids[2]), 2'000);
  const auto report = verify(dir.path());
  REQUIRE(report.faults.size() == 3);
  CHECK(report.faults[0].file.filename() == segment_name(first_ids[0]));
  CHECK(report.faults[0].offset == second);
  CHECK(report.faults[1].file.filename() == segment_name(first_ids[1]));
  CHECK(report.faults[1].offset == 4'096);
  CHECK(report.faults[2].file.filename() == segment_name(first_ids[2]));
  CHECK(report.faults[2].offset == 0);
  CHECK(report.events == 58);
}

TEST_CASE(
    "a last block that is damaged below what is known durable of this log is a fault, not a torn tail") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t last = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 2);
    last = log->stats()->bytes;
    append_each(*log, 1);
  }
  const auto first_ids = list_segments(files, dir.path()).value();
  REQUIRE(first_ids.size() == 1);
  damage(dir.path() / segment_name(first_ids[0]), last + 40);
  std::filesystem::remove(dir.path() / "tip");  // as if the machine had been started anew
  const auto mark = [&](std::uint64_t next, const Uuid& log_id) {
    return std::vector<KnownMark>{{"processor x", "processors/x", log_id, next}};
  };
  CHECK(verify(dir.path(), mark(2, log_id_of(dir.path()))).faults.empty());
  CHECK(verify(dir.path(), mark(2, log_id_of(dir.path()))).torn_tail);
  CHECK(verify(dir.path(), mark(3, Uuid::random())).faults.empty());
  CHECK(verify(dir.path(), mark(3, Uuid::random())).torn_tail);
  const auto report = verify(dir.path(), mark(3, log_id_of(dir.path())));
  CHECK_FALSE(report.torn_tail);
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == last);
}

TEST_CASE("a last block that is damaged while a writer serves it is a fault") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 2);
  const auto last = log->stats()->bytes;
  append_each(*log, 1);
  damage(dir.path() / segment_name(0), last + 40);
  const auto report = verify(dir.path());
  CHECK_FALSE(report.torn_tail);
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == last);
}

TEST_CASE("verify tells a missing segment, and a torn tail from a fault") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 60);
  const auto first_ids = list_segments(files, dir.path()).value();
  std::ofstream(dir.path() / segment_name(first_ids.back()), std::ios::app | std::ios::binary)
      << "half a block";
  auto report = verify(dir.path());
  CHECK(report.faults.empty());
  REQUIRE(report.torn_tail);
  CHECK(report.torn_tail->file.filename() == segment_name(first_ids.back()));
  std::filesystem::remove(dir.path() / segment_name(first_ids[1]));
  report = verify(dir.path());
  REQUIRE_FALSE(report.faults.empty());
  CHECK(report.faults[0].what.find("is missing") != std::string::npos);
}

TEST_CASE("a log whose first segment is missing is corrupt for verify, readers and writers alike") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 60);
  REQUIRE(list_segments(files, dir.path())->size() > 2);
  std::filesystem::remove(dir.path() / segment_name(0));
  const auto report = verify(dir.path());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].file.filename() == segment_name(0));
  for (const auto& error : {SegmentReader::open(files, dir.path()).error(),
                            SegmentLog::open(small_options(dir.path(), files)).error()}) {
    CHECK(error.code == ErrorCode::corrupt);
    CHECK(error.message.find(segment_name(0)) != std::string::npos);
  }
}

TEST_CASE("verify misses what was acknowledged in this boot and is gone") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t end = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 2);
    end = log->stats()->bytes;
    append_each(*log, 1);
  }
  std::filesystem::resize_file(dir.path() / segment_name(0), end);
  auto report = verify(dir.path());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == end);
  std::ofstream(dir.path() / segment_name(0), std::ios::app | std::ios::binary) << "half a block";
  report = verify(dir.path());
  CHECK(report.faults.size() == 1);
  CHECK_FALSE(report.torn_tail);
}

TEST_CASE(
    "a footer whose tables are not the blocks' is a fault, also where the log's beginning was dropped") {
  for (const bool dropped : {false, true}) {
    CAPTURE(dropped);
    const TempDir dir;
    FaultFileSystem files;
    std::vector<std::uint64_t> ids;
    {
      const auto log = open_log(small_options(dir.path(), files));
      append_each(*log, 100);
      ids = list_segments(files, dir.path()).value();
      REQUIRE(ids.size() >= 5);
      if (dropped) REQUIRE(log->drop_below(ids[1]));
    }
    CHECK(verify(dir.path()).faults.empty());
    auto tables = footer_of(dir.path(), ids[2]);
    ++tables.catalog.types["test"];
    write_footer(dir.path(), ids[2], tables);
    auto report = verify(dir.path());
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file.filename() == segment_name(ids[2]));
    CHECK(report.faults[0].offset == tables.offset);
    CHECK(report.faults[0].what == "the footer's tables do not agree with the blocks");
    --tables.catalog.types["test"];
    tables.index = SparseIndex({{ids[2], 4'096 + 8}});
    write_footer(dir.path(), ids[2], tables);
    report = verify(dir.path());
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].what == "the footer's index does not agree with the blocks");
  }
}

TEST_CASE("a tip page that ends a log below its beginning, while a writer serves it, is a fault") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 60);
    const auto segments = list_segments(files, dir.path()).value();
    REQUIRE(log->drop_below(segments[1]));
  }
  const auto lock = os::FileLock::acquire(dir.path() / "lock");
  REQUIRE(lock);
  const auto first = read_first_mark(files, dir.path()).value();
  REQUIRE(first);
  auto page = TipPublisher::open(dir.path() / "tip");
  REQUIRE(page);
  for (const std::uint64_t tip : {std::uint64_t{0}, std::uint64_t{1}, first->first_id}) {
    page->serve(first->log_id, os::boot_id().value(), tip);
    const auto report = verify(dir.path());
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults[0].file == dir.path() / "tip");
    CHECK(report.faults[0].what == "it ends the log before event " + std::to_string(tip) +
                                       ", though the log begins with event " +
                                       std::to_string(first->first_id));
  }
}

TEST_CASE("a block that does not go on where its producer's last one ended is a fault") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t last = 0;
  {
    const auto log = open_log(small_options(dir.path(), files));
    REQUIRE(append(*log, {event_with("a")}, "producer", 0));
    REQUIRE(append(*log, {event_with("b")}, "other", 0));
    last = log->stats()->bytes;
    REQUIRE(append(*log, {event_with("c"), event_with("d")}, "producer", 1));
  }
  CHECK(verify(dir.path()).faults.empty());
  change_block(dir.path() / segment_name(0), last,
               [](format::BlockHeader& header, std::string&) { ++header.producer_sequence; });
  auto report = verify(dir.path());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].offset == last);
  CHECK(report.faults[0].what.find("before of its producer \"producer\"") != std::string::npos);
  change_block(dir.path() / segment_name(0), last, [](format::BlockHeader& header, std::string& directory) {
    --header.producer_sequence;
    directory[header.producer_size + 1] = 3;  // of its type, behind the producer
  });
  report = verify(dir.path());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].what == "the block's types do not count its events");
}

TEST_CASE("behind a missing segment the tables are compared anew") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 100);
  const auto ids = list_segments(files, dir.path()).value();
  REQUIRE(ids.size() >= 5);
  std::filesystem::remove(dir.path() / segment_name(ids[1]));
  CHECK(verify(dir.path()).faults.size() == 1);
  auto tables = footer_of(dir.path(), ids[3]);
  ++tables.catalog.types["test"];
  write_footer(dir.path(), ids[3], tables);
  CHECK(verify(dir.path()).faults.size() == 2);
}

TEST_CASE("verify says when there is no log") {
  const TempDir dir;
  CHECK(
      verify_log(os::real_file_system(), dir.path(), {}, [](std::uint64_t, std::uint64_t) {}).error().code ==
      ErrorCode::not_found);
}

}  // namespace aludel
