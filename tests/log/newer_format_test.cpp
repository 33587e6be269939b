// SPDX-License-Identifier: MIT
#include <functional>
#include <string>
#include <vector>

#include "log/footer.hpp"
#include "log/format.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

/// A log of several segments, whose first ones were dropped, and what a newer Aludel would have made of it.
class NewerLog {
 public:
  NewerLog() {
    const auto log = open_log(small_options(dir.path(), files));
    append_each(*log, 100);
    const auto all = list_segments(files, dir.path()).value();
    REQUIRE(all.size() >= 5);
    REQUIRE(log->drop_below(all[1]));
    ids = {all.begin() + 1, all.end()};
  }

  /// Changes the version of what stands there, whose checksum is right then.
  template <typename Header>
  void change(const std::string& name, std::uint64_t offset, const std::function<void(Header&)>& change) {
    const auto file = os::real_file_system().open(dir.path() / name, os::OpenMode::read_write);
    REQUIRE(file);
    Header header;
    REQUIRE((*file)->read_at(offset, std::as_writable_bytes(std::span(&header, 1))));
    change(header);
    const auto bytes = format::bytes_of(header);
    REQUIRE((*file)->write_at(offset, {&bytes, 1}));
  }
  template <typename Header>
  static void raise_version(Header& header) {
    ++header.version;
    header.crc = format::crc_of(header);
  }
  template <typename Header>
  static void raise_common_version(Header& header) {
    ++header.common.version;
    header.common.crc = format::crc_of(header);
  }
  [[nodiscard]] std::uint64_t footer_offset(std::uint64_t first_id) {
    const auto path = dir.path() / segment_name(first_id);
    const auto file = files.open(path, os::OpenMode::read);
    return find_footer(**file, path)->value().offset;
  }

  TempDir dir;
  FaultFileSystem files;
  std::vector<std::uint64_t> ids;
};

using FolderBytes = std::vector<std::pair<std::string, std::string>>;

FolderBytes contents(const std::filesystem::path& dir) {
  FolderBytes all;
  for (const auto& name : os::real_file_system().list(dir).value()) {
    if (name == "lock" || name == "tip") continue;
    const auto file = os::real_file_system().open(dir / name, os::OpenMode::read);
    std::string bytes((*file)->size().value(), '\0');
    REQUIRE((*file)->read_at(0, std::as_writable_bytes(std::span(bytes))));
    all.emplace_back(name, std::move(bytes));
  }
  return all;
}

void check_told(const Error& error, const std::string& file) {
  CHECK(error.code == ErrorCode::unsupported);
  CHECK(error.message.find(file +
                           ": it is in format 2, this Aludel knows format 1: use the Aludel that wrote it") !=
        std::string::npos);
}

/// That writers and verify tell of it, and nothing is changed.
void check_refused(NewerLog& log, const std::string& file) {
  const auto before = contents(log.dir.path());
  check_told(SegmentLog::open(small_options(log.dir.path(), log.files)).error(), file);
  const auto report = verify_log(log.files, log.dir.path(), {}, [](std::uint64_t, std::uint64_t) {});
  if (report) {
    REQUIRE_FALSE(report->faults.empty());
    CHECK(report->faults.size() == 1);
    CHECK(report->faults[0].file.filename() == file);
    CHECK(report->faults[0].what.find("use the Aludel that wrote it") != std::string::npos);
    CHECK_FALSE(report->torn_tail);
  } else {
    check_told(report.error(), file);
  }
  CHECK(contents(log.dir.path()) == before);
}

}  // namespace

TEST_CASE("a segment whose header is in a newer format is refused") {
  NewerLog log;
  const auto name = segment_name(log.ids.back());
  log.change<format::SegmentHeader>(name, 0, NewerLog::raise_version<format::SegmentHeader>);
  check_refused(log, name);
  check_told(SegmentReader::open(log.files, log.dir.path()).error(), name);
}

TEST_CASE("a block in a newer format is refused, and not cut off as if it were torn") {
  NewerLog log;
  const auto name = segment_name(log.ids.back());
  log.change<format::BlockHeader>(name, sizeof(format::SegmentHeader),
                                  NewerLog::raise_common_version<format::BlockHeader>);
  check_refused(log, name);
  check_told(SegmentReader::open(log.files, log.dir.path()).error(), name);
}

TEST_CASE("a block in a newer format in a sealed segment is told by who reads it, and by verify") {
  NewerLog log;
  const auto name = segment_name(log.ids[0]);
  log.change<format::BlockHeader>(name, sizeof(format::SegmentHeader),
                                  NewerLog::raise_common_version<format::BlockHeader>);
  const auto reader = SegmentReader::open(log.files, log.dir.path());
  REQUIRE(reader);
  const auto cursor = (*reader)->read_from(log.ids[0]);
  check_told(cursor ? (*cursor)->next().error() : cursor.error(), name);
  const auto report = verify_log(log.files, log.dir.path(), {}, [](std::uint64_t, std::uint64_t) {});
  REQUIRE(report);
  REQUIRE(report->faults.size() == 1);
  CHECK(report->faults[0].file.filename() == name);
  CHECK(report->faults[0].what.find("use the Aludel that wrote it") != std::string::npos);
}

TEST_CASE("a footer in a newer format is refused, and is no segment without one") {
  NewerLog log;
  const auto name = segment_name(log.ids[log.ids.size() - 2]);
  const auto offset = log.footer_offset(log.ids[log.ids.size() - 2]);
  std::uint32_t crc = 0;
  log.change<format::FooterHeader>(name, offset, [&](format::FooterHeader& header) {
    NewerLog::raise_common_version(header);
    crc = header.common.crc;
  });
  const auto end = std::filesystem::file_size(log.dir.path() / name) - sizeof(format::Trailer);
  log.change<format::Trailer>(name, end, [&](format::Trailer& trailer) {
    trailer.footer_crc = crc;
    trailer.crc = format::crc_of(trailer);
  });
  check_refused(log, name);
}

TEST_CASE("a mark of where the log begins that is in a newer format is refused") {
  NewerLog log;
  log.change<format::FirstMark>("first", 0, NewerLog::raise_version<format::FirstMark>);
  check_refused(log, "first");
  check_told(SegmentReader::open(log.files, log.dir.path()).error(), "first");
}

}  // namespace aludel
