// SPDX-License-Identifier: MIT
// Files that are cut while they are mapped: an error of the log, and the end of no process.
#include <string>
#include <unistd.h>

#include "log_fixture.hpp"
#include "segment_files.hpp"

namespace aludel {

namespace {

constexpr std::size_t event_size = 20'000;  // some pages

/// A log of one segment, with three blocks of one event each, by a producer.
class CutLog {
 public:
  CutLog() : log_(open_log({.dir = dir_.path() / "log", .allocate_ahead = false})) {
    for (int i = 0; i < 3; ++i)
      events_.push_back(event_with(std::string(event_size, static_cast<char>('a' + i))));
    for (std::size_t i = 0; i < 3; ++i)
      REQUIRE(append(*log_, {events_[i]}, "p", i));
    bytes_ = read_file(segment());
  }

  [[nodiscard]] SegmentLog& log() { return *log_; }
  [[nodiscard]] const std::vector<OwnedEvent>& events() const { return events_; }
  [[nodiscard]] std::filesystem::path segment() const { return dir_.path() / "log" / segment_name(0); }
  [[nodiscard]] std::filesystem::path tip() const { return dir_.path() / "log" / "tip"; }

  /// In the middle of the second block's event.
  void cut() const {
    std::filesystem::resize_file(segment(), sizeof(format::SegmentHeader) + event_size * 3 / 2);
  }
  /// The same file has its bytes again.
  void mend() const {
    std::filesystem::resize_file(segment(), bytes_.size());
    std::fstream(segment(), std::ios::in | std::ios::out | std::ios::binary) << bytes_;
  }

 private:
  TempDir dir_;
  std::unique_ptr<SegmentLog> log_;
  std::vector<OwnedEvent> events_;
  std::string bytes_;
};

void check_corrupt(const Result<void>& result, const std::filesystem::path& file) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::corrupt);
  CHECK(result.error().message.find(file.string() + " at offset ") != std::string::npos);
}

Result<void> without_value(const Result<const Block*>& result) {
  return result ? Result<void>() : Result<void>(result.error());
}

}  // namespace

TEST_CASE(
    "a segment that is cut under a cursor is corrupt from there on, and can be read again once it is whole") {
  for (const auto check : {Check::body, Check::directory}) {
    CutLog cut;
    auto cursor = cut.log().read_from(0, check).value();
    REQUIRE(cursor->next().value() != nullptr);
    cut.cut();
    auto failed = without_value(cursor->next());
    if (failed) failed = cursor->check_body();
    check_corrupt(failed, cut.segment());
    check_corrupt(cursor->check_read(), cut.segment());
    cut.mend();
    check_corrupt(cursor->check_read(), cut.segment());
    CHECK(read_all(cut.log()).size() == 3);
  }
}

TEST_CASE("whoever walks a block's events while their segment is cut learns it before it acts on them") {
  CutLog cut;
  const auto cursor = cut.log().read_from(1).value();
  const auto* block = cursor->next().value();
  REQUIRE(cursor->check_read());
  cut.cut();
  Event event;
  auto events = block->events(1);
  REQUIRE(events.next(event));
  CHECK(event.data != cut.events()[1].data);
  CHECK_FALSE(events.next(event));
  check_corrupt(cursor->check_read(), cut.segment());
}

TEST_CASE("a cursor that has gone on to the next segment still tells of one that was cut behind it") {
  const TempDir dir;
  const auto log = open_log(small_options(dir.path()));
  append_each(*log, 60);
  const auto cursor = log->read_from(0).value();
  const auto* block = cursor->next().value();
  const auto first = *block;
  while (block->first_id() < 50)
    block = cursor->next().value();
  std::filesystem::resize_file(dir.path() / segment_name(0), sizeof(format::SegmentHeader));
  Event event;
  REQUIRE(first.events(0).next(event));
  CHECK(event.data != "event 0");
  check_corrupt(cursor->check_read(), dir.path() / segment_name(0));
  cursor->release();
  CHECK(cursor->check_read());
}

TEST_CASE("a producer that repeats its events out of a segment that is cut is told that it is corrupt") {
  CutLog cut;
  CHECK(append(cut.log(), cut.events(), "p", 0)->duplicates == 3);
  cut.cut();
  const auto repeated = append(cut.log(), cut.events(), "p", 0);
  REQUIRE_FALSE(repeated);
  check_corrupt(repeated.error(), cut.segment());
  cut.mend();
  CHECK(append(cut.log(), cut.events(), "p", 0)->duplicates == 3);
}

TEST_CASE("a reader whose tip page was cut says so instead of waiting for events that it would not see") {
  CutLog cut;
  const auto reader = SegmentReader::open(os::real_file_system(), cut.tip().parent_path()).value();
  std::filesystem::resize_file(cut.tip(), 0);
  CHECK(reader->tip() == 3);
  const Interrupt never;
  const auto waited = reader->wait(3, never, std::nullopt);
  REQUIRE_FALSE(waited);
  CHECK(waited.error().code == ErrorCode::corrupt);
  CHECK(waited.error().message.find(cut.tip().string()) != std::string::npos);
  CHECK(read_all(*reader).size() == 3);
}

TEST_CASE("a tip page into which somebody else has written stops the appends, as readers do not believe it") {
  for (std::size_t offset = 0; offset < sizeof(TipPageLayout); ++offset) {
    if (offset >= offsetof(TipPageLayout, word)) continue;  // it may have any value
    CAPTURE(offset);
    CutLog cut;
    const auto content = read_file(cut.tip());
    poke(cut.tip(), offset, static_cast<char>(content[offset] ^ 0x10));
    const auto refused = append(cut.log(), {event_with("lost")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.find(cut.tip().parent_path().string()) != std::string::npos);
  }
}

}  // namespace aludel
