// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>

#include "base/limits.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

/// The lines of a producer's file, by sequence.
std::vector<OwnedEvent> lines(std::uint64_t from, std::uint64_t count) {
  std::vector<OwnedEvent> events;
  for (auto i = from; i < from + count; ++i)
    events.push_back(event_with("line " + std::to_string(i)));
  return events;
}

void check(const Result<AppendResult>& result, std::uint64_t count, std::uint64_t duplicates) {
  REQUIRE(result);
  CHECK(result->count == count);
  CHECK(result->duplicates == duplicates);
}

}  // namespace

TEST_CASE("what a producer repeats is not appended again: all of it, its beginning, or none") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  check(append(*log, lines(0, 4), "p", 0), 4, 0);
  check(append(*log, lines(0, 4), "p", 0), 0, 4);
  check(append(*log, lines(1, 2), "p", 1), 0, 2);
  check(append(*log, lines(2, 5), "p", 2), 3, 2);
  check(append(*log, lines(7, 1), "p", 7), 1, 0);
  check(append(*log, lines(0, 8), "p", 0), 0, 8);
  CHECK(read_all(*log).size() == 8);
}

TEST_CASE("a gap in a producer's sequence is refused, and says what is missing") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto unknown = append(*log, lines(1, 1), "p", 1);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::conflict);
  check(append(*log, lines(0, 3), "p", 0), 3, 0);
  const auto gap = append(*log, lines(4, 1), "p", 4);
  REQUIRE_FALSE(gap);
  CHECK(gap.error().code == ErrorCode::conflict);
  CHECK(gap.error().message.find("below 3") != std::string::npos);
  CHECK(log->tip() == 3);
}

TEST_CASE(
    "other bytes under a known sequence are refused, wherever they stand, and nothing of the batch is "
    "added") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  check(append(*log, lines(0, 3), "p", 0), 3, 0);
  check(append(*log, lines(3, 3), "p", 3), 3, 0);
  for (std::size_t wrong = 0; wrong < 6; ++wrong) {
    auto batch = lines(0, 8);
    batch[wrong].data += "!";
    const auto result = append(*log, batch, "p", 0);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::conflict);
    CHECK(result.error().message.find("event " + std::to_string(wrong)) != std::string::npos);
  }
  CHECK(log->tip() == 6);
}

TEST_CASE("a repetition is judged by the bytes as sent, not by what defaults made of them") {
  const TempDir dir;
  const auto log = open_log({.dir = dir.path()});
  NewEvent event;
  event.type = "t";
  event.time_ns = 1;
  event.sent_crc = 7;
  REQUIRE(log->append({std::span(&event, 1), "p", 0}));
  event.time_ns = 2;  // filled in at another time
  check(log->append({std::span(&event, 1), "p", 0}), 0, 1);
  event.sent_crc = 8;
  CHECK(log->append({std::span(&event, 1), "p", 0}).error().code == ErrorCode::conflict);
}

TEST_CASE("a repetition of what is damaged in the log is no conflict, but corrupt") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    check(append(*log, lines(0, 1), "p", 0), 1, 0);
    check(append(*log, lines(1, 1), "p", 1), 1, 0);
  }
  const auto path = dir.path() / segment_name(0);
  const auto content = read_file(path);
  const auto first = block_offsets(content)[0];
  const auto header = format::load<format::BlockHeader>(content.data() + first);
  const auto body =
      first + sizeof header + header.directory_size;  // begins with what was sent, as a checksum
  poke(path, body, static_cast<char>(content[body] ^ 1));
  const auto repeated = append(*open_log(small_options(dir.path(), files)), lines(0, 1), "p", 0);
  REQUIRE_FALSE(repeated);
  CHECK(repeated.error().code == ErrorCode::corrupt);
}

TEST_CASE("producers are told apart, and an append without one is never a duplicate") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  for (const auto* producer : {"p", "q", ""})
    check(append(*log, lines(0, 2), producer, 0), 2, 0);
  check(append(*log, lines(0, 2)), 2, 0);
  check(append(*log, lines(0, 2), "q", 0), 0, 2);
  CHECK(log->tip() == 8);
}

TEST_CASE("a producer goes on after a restart, and over many segments") {
  const TempDir dir;
  FaultFileSystem files;
  std::uint64_t sequence = 0;
  for (int run = 0; run < 4; ++run) {
    const auto log = open_log(small_options(dir.path(), files));
    for (int i = 0; i < 20; ++i, ++sequence) {
      check(append(*log, lines(sequence, 1), "p", sequence), 1, 0);
      REQUIRE(append(*log, {event_with("of somebody else")}));
    }
    check(append(*log, lines(0, sequence), "p", 0), 0, sequence);
    check(append(*log, lines(sequence / 2, 1), "p", sequence / 2), 0, 1);
    auto wrong = lines(sequence / 3, 1);
    wrong[0].data += "!";
    CHECK(append(*log, wrong, "p", sequence / 3).error().code == ErrorCode::conflict);
  }
}

TEST_CASE("sending a long file again reads each block a few times at most") {
  constexpr std::uint64_t count = 600;
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  for (std::uint64_t i = 0; i < count; ++i)
    check(append(*log, lines(i, 1), "p", i), 1, 0);
  const auto opened = [&] {
    std::size_t opens = 0;
    for (const auto& call : files.calls())
      opens += call.name == "open" ? 1 : 0;
    return opens;
  };
  const auto before = opened();
  for (std::uint64_t i = 0; i < count; ++i)
    check(append(*log, lines(i, 1), "p", i), 0, 1);
  // Going back to the first line opens each segment once. After that a step back is at most 16 blocks wide,
  // and over one border between segments; were each line looked for from the end, it would be all of them.
  const auto segments = log->stats()->segments;
  REQUIRE(segments > 40);
  CHECK(opened() - before < segments + 3 * count);
}

TEST_CASE(
    "of two appends at once under one sequence exactly one is added, and the other is told so when it is "
    "durable") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  constexpr std::uint64_t rounds = 200;
  std::atomic<std::uint64_t> added{0};
  std::atomic<std::uint64_t> repeated{0};
  const auto send = [&] {
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const auto result = append(*log, lines(i, 1), "p", i);
      REQUIRE(result);
      added += result->count;
      repeated += result->duplicates;
      CHECK(log->tip() > i);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back(send);
  for (auto& thread : threads)
    thread.join();
  CHECK(added == rounds);
  CHECK(repeated == 2 * rounds);
  const auto events = read_all(*log);
  REQUIRE(events.size() == rounds);
  for (std::uint64_t i = 0; i < rounds; ++i)
    CHECK(events[i].data == "line " + std::to_string(i));
}

TEST_CASE("a producer's key that another way to the log would change is refused") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log({.dir = dir.path(), .files = files, .allocate_ahead = false});
  const std::string_view bad[] = {" p",
                                  "p ",
                                  "\tp",
                                  "p\n",
                                  "a\r\nb",
                                  std::string_view("a\0b", 3),
                                  "a\x7f"
                                  "b",
                                  "a\xc2\x80"
                                  "b",
                                  "\xff"};
  for (const auto key : bad) {
    CAPTURE(key);
    const auto refused = append(*log, {event_with("")}, key);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid);
    CHECK(refused.error().message.find("the producer's key") != std::string::npos);
  }
  CHECK(append(*log, {event_with("")}, std::string(257, 'p')).error().code == ErrorCode::limit);
  for (const std::string_view key : {"p", "a b", "k\xc3\xa9", "\xc2\xa0", "\xe2\x82\xac"})
    CHECK(append(*log, {event_with("")}, key));
}

TEST_CASE("a log refuses more types than its limit, and takes those that it knows") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log({.dir = dir.path(), .files = files, .allocate_ahead = false});
  std::vector<OwnedEvent> batch;
  for (std::size_t i = 0; i < limits::log_types_max - 1; ++i)
    batch.push_back(event_with("", "t" + std::to_string(i)));
  REQUIRE(append(*log, batch));
  CHECK(append(*log, {event_with("", "new"), event_with("", "newer")}).error().code == ErrorCode::limit);
  REQUIRE(append(*log, {event_with("", "new"), event_with("", "t7")}));
  CHECK(append(*log, {event_with("", "newer")}).error().code == ErrorCode::limit);
  REQUIRE(append(*log, {event_with("", "new")}));
  CHECK(log->type_counts().size() == limits::log_types_max);
}

TEST_CASE("the source of what a producer appended last is known, also after the log was closed") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path(), files));
    auto events = lines(0, 2);
    check(append(*log, events, "p", 0), 2, 0);
    events[1].source = "/last";
    check(append(*log, events, "p", 2), 2, 0);
    check(append(*log, lines(0, 1), "q", 0), 1, 0);
    CHECK(log->last_source("p").value() == "/last");
  }
  const auto log = open_log(small_options(dir.path(), files));
  CHECK(log->last_source("p").value() == "/last");
  CHECK(log->last_source("q").value() == "/tests");
  CHECK_FALSE(log->last_source("r").value());
}

}  // namespace aludel
