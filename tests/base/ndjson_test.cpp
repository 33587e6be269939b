// SPDX-License-Identifier: MIT
#include "base/ndjson.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/result_printing.hpp"

namespace aludel {

using Supply = NdjsonReader::Supply;

namespace {

// Gives `text` in pieces of at most `piece` bytes.
NdjsonReader::Source pieces(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, at = std::size_t{0}](char* to, std::size_t size) mutable {
    const auto taken = std::min({piece, size, text.size() - at});
    std::copy_n(text.data() + at, taken, to);
    at += taken;
    return Result<std::size_t>(taken);
  };
}

std::string line(int n) {
  return "{\"type\":\"t\",\"subject\":\"" + std::to_string(n) + "\"}";
}

std::string without_blank_lines(std::string_view text) {
  std::string kept;
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(end)) {
    end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (text.substr(0, end).find('{') != std::string_view::npos) kept += text.substr(0, end);
  }
  return kept;
}

}  // namespace

TEST_CASE("lines are read as events whatever pieces they arrive in") {
  std::string text = "\n  \r\n";
  for (int i = 0; i < 50; ++i)
    text += line(i) + (i % 7 == 0 ? "\r\n\n" : "\n");
  text += line(50);  // without its end
  for (const std::size_t piece : {1u, 2u, 3u, 24u, 1'000u, 100'000u}) {
    NdjsonReader reader(pieces(text, piece), Supply::as_it_comes, 8);
    std::string back;
    int count = 0;
    for (;;) {
      const auto events = reader.next(0);
      REQUIRE(events);
      if (events->empty()) break;
      CHECK(events->size() <= 8);
      for (const auto& event : *events)
        CHECK(event.key == std::to_string(count++));
      back += reader.text();
    }
    CHECK(count == 51);
    CHECK(without_blank_lines(back) == without_blank_lines(text));
  }
}

TEST_CASE("a bad line is named by its number, blank lines counted, and spares the batches before") {
  NdjsonReader reader(pieces(line(0) + "\n\n" + line(1) + "\n{\"type\":5}\n", 10'000), Supply::all_there, 2);
  const auto first = reader.next(0);
  REQUIRE(first);
  CHECK(first->size() == 2);
  const auto second = reader.next(0);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("line 4: \"type\" must be a string") == 0);
}

TEST_CASE("a byte order mark is passed over at the start, and nowhere else") {
  const std::string mark = "\xef\xbb\xbf";
  NdjsonReader reader(pieces(mark + line(0) + "\n", 1), Supply::as_it_comes);
  const auto events = reader.next(0);
  REQUIRE(events);
  CHECK(events->size() == 1);
  CHECK(reader.text() == line(0) + "\n");
  for (const auto& text : {line(0) + "\n" + mark + line(1), mark + mark + line(0)}) {
    NdjsonReader bad(pieces(text, 10'000), Supply::all_there);
    CHECK_FALSE(bad.next(0));
  }
  NdjsonReader nothing(pieces(mark, 10), Supply::all_there);
  CHECK(nothing.next(0)->empty());
}

TEST_CASE("a file of no events, with or without blank lines, gives none") {
  for (const auto* text : {"", "\n", "\n\n  \t\n"}) {
    NdjsonReader reader(pieces(text, 1), Supply::as_it_comes);
    const auto events = reader.next(0);
    REQUIRE(events);
    CHECK(events->empty());
  }
}

TEST_CASE("a batch ends before its JSON is over the limit") {
  const std::string big = "{\"type\":\"t\",\"data\":\"" + std::string(1'500'000, 'x') + "\"}\n";
  NdjsonReader reader(pieces(big + big + big + big + big, 100'000'000), Supply::all_there);
  std::vector<std::size_t> sizes;
  for (auto events = reader.next(0); events && !events->empty(); events = reader.next(0)) {
    sizes.push_back(events->size());
    CHECK(reader.text().size() <= limits::ingest_batch_size_max);
  }
  std::size_t sum = 0;
  for (const auto size : sizes)
    sum += size;
  CHECK(sum == 5);
}

TEST_CASE("of a file in small pieces batches are as large as they may be, its last line ended or not") {
  NdjsonReader reader(pieces(line(0) + "\n" + line(1) + "\n" + line(2), 3), Supply::all_there);
  const auto events = reader.next(0);
  REQUIRE(events);
  CHECK(events->size() == 3);
}

TEST_CASE("a line that never ends is refused") {
  NdjsonReader reader(
      [](char* to, std::size_t size) {
        std::fill_n(to, size, 'x');
        return Result<std::size_t>(size);
      },
      Supply::all_there);
  const auto events = reader.next(0);
  REQUIRE_FALSE(events);
  CHECK(events.error().code == ErrorCode::limit);
  CHECK(events.error().message.find("line 1: longer than") == 0);
}

TEST_CASE("what the source fails with is passed on") {
  NdjsonReader reader(
      [](char*, std::size_t) { return Result<std::size_t>(Error(ErrorCode::io, "read x: no")); },
      Supply::all_there);
  const auto events = reader.next(0);
  REQUIRE_FALSE(events);
  CHECK(events.error().message == "read x: no");
}

}  // namespace aludel
