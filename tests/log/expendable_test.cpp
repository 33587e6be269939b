// SPDX-License-Identifier: MIT
// Which segments may go, by age and by size.
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/limits.hpp"
#include "log/kept_segments.hpp"
#include "log/retention.hpp"
#include "log_fixture.hpp"
#include "retention_fixture.hpp"
#include "support/fake_clock.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

using namespace std::chrono_literals;

TEST_CASE("by age whole segments go that are old enough, but the last two") {
  const TempDir dir;
  FaultFileSystem files;
  FakeClock clock;
  auto options = small_options(dir.path(), files);
  const auto log = open_log({.dir = options.dir,
                             .files = files,
                             .clock = clock,
                             .segment_size = options.segment_size,
                             .allocate_ahead = false});
  for (int i = 0; i < 60; ++i) {
    REQUIRE(append(*log, {event_with(text_of(static_cast<std::uint64_t>(i)))}));
    clock.advance(1min);
  }
  const auto segments = segments_of(dir.path());
  const auto keep_from = [&](std::chrono::milliseconds max_age, std::uint64_t held_from) {
    return log->expendable({.max_age = max_age, .max_bytes = {}}).value().keep_from(held_from);
  };
  constexpr std::uint64_t nobody = ~std::uint64_t{0};
  CHECK(keep_from(2h, nobody) == 0);
  CHECK(keep_from(1ms, nobody) == segments[segments.size() - 2]);
  // The last event of the third segment was appended that long ago.
  const auto age = std::chrono::minutes(60 - static_cast<int>(segments[3]) + 1);
  CHECK(keep_from(age, nobody) == segments[3]);
  CHECK(keep_from(age + 1ms, nobody) == segments[2]);
  CHECK(keep_from(1ms, 0) == 0);
  CHECK(keep_from(1ms, segments[2]) == segments[2]);
  CHECK(keep_from(1ms, segments[2] + 1) == segments[2]);
  CHECK(keep_from(1ms, segments[2] - 1) == segments[1]);
}

TEST_CASE("by size the oldest segments go until the rest fits, whoever needs them") {
  const TempDir dir;
  fill(dir.path());
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto segments = segments_of(dir.path());
  std::uint64_t all = 0;
  for (const auto id : segments)
    all += std::filesystem::file_size(dir.path() / segment_name(id));
  CHECK(all == log->stats()->bytes);
  const auto one = std::filesystem::file_size(dir.path() / segment_name(0));
  const auto keep_from = [&](std::uint64_t max_bytes, std::uint64_t held_from) {
    return log->expendable({.max_age = {}, .max_bytes = max_bytes}).value().keep_from(held_from);
  };
  CHECK(keep_from(all, 0) == 0);
  CHECK(keep_from(all - 1, 0) == segments[1]);
  CHECK(keep_from(all - one, 0) == segments[1]);
  CHECK(keep_from(all - one - 1, 0) == segments[2]);
  CHECK(keep_from(0, 0) == segments[segments.size() - 2]);
  // Both: what is too much goes, then what is old and not needed.
  const RetentionPolicy both{.max_age = 0ms, .max_bytes = all - 1};
  const auto expendable = log->expendable(both);
  REQUIRE(expendable);
  CHECK(expendable->keep_from(0) == segments[1]);
  CHECK(expendable->keep_from(segments[3]) == segments[3]);
}

TEST_CASE(
    "where an age cannot be read what is too much goes all the same, and the reason is told beside it") {
  const TempDir dir;
  fill(dir.path());
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto segments = segments_of(dir.path());
  const auto rotten = dir.path() / segment_name(segments[1]);
  std::filesystem::resize_file(rotten, std::filesystem::file_size(rotten) - 8);
  const auto all = log->expendable({.max_age = 0ms, .max_bytes = log->stats()->bytes - 1});
  REQUIRE(all);
  CHECK(all->keep_from(0) == segments[1]);
  REQUIRE(all->ageless);
  CHECK(all->ageless->code == ErrorCode::corrupt);
  CHECK(all->ageless->message.find(rotten.string()) != std::string::npos);
  const auto more = log->expendable({.max_age = {}, .max_bytes = 0});
  CHECK(more->keep_from(0) == segments[segments.size() - 2]);
  CHECK_FALSE(more->ageless);
}

TEST_CASE("what a clock that was ahead keeps far longer than the age says is told") {
  const TempDir dir;
  FakeClock clock;
  const auto log = open_log({.dir = dir.path(), .clock = clock, .segment_size = 8'192});
  clock.advance(1h);
  while (segments_of(dir.path()).size() < 4)
    append_each(*log, 1);
  clock.advance(-1h);
  const auto ageless = [&](std::chrono::milliseconds max_age) {
    const auto found = log->expendable({.max_age = max_age, .max_bytes = {}});
    CHECK(found->segments.empty());
    return found->ageless;
  };
  CHECK_FALSE(ageless(1h));
  const auto told = ageless(1h - 1ms);
  REQUIRE(told);
  CHECK(told->message.find(segment_name(0)) != std::string::npos);
  CHECK(told->message.find("which is still to come") != std::string::npos);
}

TEST_CASE("while a segment is begun no more seems to be there than is") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  constexpr std::uint64_t max_bytes = 29'500;
  int looks = 0;
  files.on_call = [&](const FaultFileSystem::Call&) {
    const auto segments = segments_of(dir.path());
    std::uint64_t all = 0;
    for (const auto id : segments)
      all += std::filesystem::file_size(dir.path() / segment_name(id));
    const auto expendable = log->expendable({.max_age = {}, .max_bytes = max_bytes});
    REQUIRE(expendable);
    auto left = all;
    for (const auto id : segments) {
      if (id >= expendable->keep_from(0)) break;
      REQUIRE(left > max_bytes);
      left -= std::filesystem::file_size(dir.path() / segment_name(id));
    }
    ++looks;
  };
  for (std::uint64_t i = 0; i < 60; ++i)
    REQUIRE(append(*log, {event_with(text_of(i))}));
  files.on_call = nullptr;
  CHECK(looks > 60);
  CHECK(log->expendable({.max_age = {}, .max_bytes = max_bytes}).value().keep_from(0) > 0);
}

TEST_CASE("what is allocated ahead does not count for the log's size") {
  const TempDir dir;
  fill(dir.path());
  FaultFileSystem files;
  auto options = small_options(dir.path(), files);
  options.allocate_ahead = true;
  const auto log = open_log(options);
  REQUIRE(append(*log, {event_with(text_of(60))}));
  const auto bytes = log->stats()->bytes;
  CHECK(log->expendable({.max_age = {}, .max_bytes = bytes})->segments.empty());
  CHECK(log->expendable({.max_age = {}, .max_bytes = bytes - 1})->segments.size() == 1);
}

TEST_CASE("whoever looks after the log is nudged when a segment was sealed, and else not") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 2);
  CHECK_FALSE(log->sealed().nudged());
  for (int i = 0; segments_of(dir.path()).size() == 1; ++i) {
    REQUIRE(i < 100);
    append_each(*log, 1);
  }
  CHECK(log->sealed().nudged());
  log->sealed().take_nudge();
  append_each(*log, 1);
  CHECK_FALSE(log->sealed().nudged());
}

}  // namespace aludel
