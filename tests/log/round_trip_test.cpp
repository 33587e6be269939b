// SPDX-License-Identifier: MIT
#include <cstring>
#include <numeric>

#include "base/limits.hpp"
#include "log/segment.hpp"
#include "log_fixture.hpp"
#include "support/fake_clock.hpp"

using namespace std::string_literals;

namespace aludel {

namespace {

std::vector<OwnedEvent> odd_events() {
  return {
      {0, "a", "/s", "k", "text/plain", "data", "id\0001\0"s, 1},
      {1, "a", "/s", "", "", "", "", 0},
      {2, "a", "", "", "", "\0\0binary\xff\0"s, "", -1},
      {3, "b.c", "/s", "k", "text/plain", "x", "id\0\0empty\0\0"s, INT64_MAX},
      {4, std::string(limits::event_name_max, 't'), std::string(limits::event_name_max, 's'),
       std::string(limits::event_name_max, 'k'), std::string(limits::event_name_max, 'c'),
       std::string(limits::event_data_max, 'd'),
       "n\0"s + std::string(limits::event_attributes_max - 3, 'v') + "\0"s, INT64_MIN},
      {5, "a", "/other", "k", "text/plain", "last", "", 7},
  };
}

}  // namespace

TEST_CASE("every field of an event comes back as it went in, also after the log was closed") {
  const TempDir dir;
  const auto events = odd_events();
  const OpenOptions options{.dir = dir.path() / "log"};
  {
    const auto log = open_log(options);
    const auto result = append(*log, events);
    REQUIRE(result);
    CHECK(result->first == 0);
    CHECK(result->count == events.size());
    CHECK(result->duplicates == 0);
    CHECK(read_all(*log) == events);
  }
  const auto log = open_log(options);
  CHECK(log->tip() == events.size());
  CHECK(read_all(*log) == events);
}

TEST_CASE("strings are followed by NUL, data by 64 readable bytes, and data is never null") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path() / "log"});
  REQUIRE(append(*log, odd_events()));
  REQUIRE(append(*log, {event_with("")}));
  auto cursor = log->read_from(0);
  REQUIRE(cursor);
  int sum = 0;
  for (auto block = (*cursor)->next(); block && *block != nullptr; block = (*cursor)->next()) {
    Event event;
    for (auto walk = (*block)->events(0); walk.next(event);) {
      for (const auto text : {event.type, event.source, event.key, event.content_type})
        CHECK(text.data()[text.size()] == '\0');
      CHECK(event.data.data() != nullptr);
      const auto* after = event.data.data() + event.data.size();
      sum = std::accumulate(after, after + 64, sum);
    }
  }
  CHECK(log->tip() == 7);
}

TEST_CASE("a block tells its types, and each event which of them it has") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path() / "log"});
  REQUIRE(append(*log, {event_with("1", "x"), event_with("2", "y"), event_with("3", "x")}));
  auto cursor = log->read_from(0, Check::directory);
  REQUIRE(cursor);
  const auto block = (*cursor)->next();
  REQUIRE(block);
  REQUIRE(*block != nullptr);
  std::vector<std::pair<std::string, std::uint32_t>> types;
  for (const auto& [name, count] : (*block)->types())
    types.emplace_back(name, count);
  CHECK(types == std::vector<std::pair<std::string, std::uint32_t>>{{"x", 2}, {"y", 1}});
  REQUIRE((*cursor)->check_body());
  Event event;
  for (auto walk = (*block)->events(1); walk.next(event);) {
    CHECK((*block)->types()[walk.type_index()].name == event.type);
  }
  CHECK(event.id == 2);
}

TEST_CASE("an append over a limit is refused, says which, and leaves nothing behind") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path() / "log"});
  const auto refused = [&](const OwnedEvent& event, std::string_view what) {
    const auto result = append(*log, {event_with("fine"), event});
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::limit);
    CHECK(result.error().message.find(what) != std::string::npos);
    CHECK(result.error().message.find("event 1 ") != std::string::npos);
  };
  const std::string long_name(limits::event_name_max + 1, 'n');
  OwnedEvent event;
  event.type = long_name;
  refused(event, "type");
  event = {};
  event.source = long_name;
  refused(event, "source");
  event = {};
  event.key = long_name;
  refused(event, "key");
  event = {};
  event.content_type = long_name;
  refused(event, "content type");
  event = {};
  event.attributes = "n\0"s + std::string(limits::event_attributes_max, 'v') + "\0"s;
  refused(event, "attributes");
  refused(event_with(std::string(limits::event_data_max + 1, 'd')), "data");
  const std::string large(limits::event_data_max, 'd');
  CHECK(append(*log, std::vector<OwnedEvent>(17, event_with(large))).error().code == ErrorCode::limit);
  CHECK(append(*log, {event_with("")}, std::string(limits::producer_max + 1, 'p')).error().code ==
        ErrorCode::limit);
  const NewEvent nothing;
  const std::vector<NewEvent> many(limits::block_events_max + 1, nothing);
  CHECK(log->append({many}).error().code == ErrorCode::limit);
  CHECK(log->tip() == 0);
}

TEST_CASE("what cannot be an event is refused as invalid") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path() / "log"});
  OwnedEvent event;
  event.key = "a\0b"s;
  CHECK(append(*log, {event}).error().code == ErrorCode::invalid);
  event = {};
  event.attributes = "name without value\0"s;
  CHECK(append(*log, {event}).error().code == ErrorCode::invalid);
  event.attributes = "a\0b";
  CHECK(append(*log, {event}).error().code == ErrorCode::invalid);
  for (const auto* name : {"", "Upper", "two words", "quote\"", "line\n", "data_base64", "data", "type",
                           "time", "source", "subject", "position", "specversion", "datacontenttype"}) {
    CAPTURE(name);
    for (const auto& before : {""s, "id\0001\0"s}) {
      event.attributes = before + name + "\0value\0"s;
      CHECK(append(*log, {event}).error().code == ErrorCode::invalid);
    }
  }
  CHECK(append(*log, {}).error().code == ErrorCode::invalid);
  CHECK(append(*log, {event_with("")}, "p\0q"s).error().code == ErrorCode::invalid);
  CHECK(log->tip() == 0);
}

TEST_CASE("a hundred bytes of payload in batches of a thousand cost at most 1.4 bytes each") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path() / "log"});
  std::vector<OwnedEvent> events(1'000, event_with(std::string(100, 'd')));
  for (auto& event : events)
    event.key = "key-0001";
  for (int i = 0; i < 5; ++i)
    REQUIRE(append(*log, events));
  const auto stats = log->stats();
  REQUIRE(stats);
  CHECK(stats->events == 5'000);
  CHECK(stats->bytes <= 5'000 * 140);
}

TEST_CASE("block times never decrease, though the clock may") {
  class BackwardClock final : public Clock {
   public:
    [[nodiscard]] std::int64_t wall_ns() const override { return now_ -= 10; }
    [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return {}; }

   private:
    mutable std::int64_t now_ = 1'000;
  };
  const BackwardClock clock;
  const TempDir dir;
  for (int run = 0; run < 2; ++run) {
    std::int64_t before = 0;
    const auto log = open_log({.dir = dir.path() / "log", .clock = clock});
    append_each(*log, 3);
    auto cursor = log->read_from(0);
    REQUIRE(cursor);
    for (auto block = (*cursor)->next(); *block != nullptr; block = (*cursor)->next()) {
      CHECK((*block)->time_ns() >= before);
      before = (*block)->time_ns();
    }
  }
}

TEST_CASE("block times do not decrease over a start of a log whose last segment is empty, or was not made") {
  for (const bool made : {true, false}) {
    CAPTURE(made);
    const TempDir dir;
    FakeClock clock;
    auto options = small_options(dir.path());
    const OpenOptions clocked{
        .dir = options.dir, .clock = clock, .segment_size = options.segment_size, .allocate_ahead = false};
    clock.advance(std::chrono::hours(1));
    {
      const auto log = open_log(clocked);
      while (log->stats()->segments < 2)
        append_each(*log, 1);
    }
    const auto last = dir.path() / segment_name(list_segments(os::real_file_system(), dir.path())->back());
    std::filesystem::remove(dir.path() / "tip");  // as a power loss that has taken the last block
    if (made) {
      std::filesystem::resize_file(last, sizeof(format::SegmentHeader));
    } else {
      std::filesystem::remove(last);
    }
    clock.advance(-std::chrono::hours(1));
    const auto log = open_log(clocked);
    append_each(*log, 1);
    std::int64_t before = 0;
    auto cursor = log->read_from(0);
    REQUIRE(cursor);
    for (auto block = (*cursor)->next(); *block != nullptr; block = (*cursor)->next()) {
      CHECK((*block)->time_ns() >= before);
      before = (*block)->time_ns();
    }
  }
}

}  // namespace aludel
