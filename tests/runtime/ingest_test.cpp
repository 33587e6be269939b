// SPDX-License-Identifier: MIT
#include "runtime/ingest.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "support/result_printing.hpp"

namespace aludel {

namespace {

NdjsonReader reader_of(std::string text) {
  return {[text = std::move(text), at = std::size_t{0}](char* to,
                                                        std::size_t size) mutable -> Result<std::size_t> {
            const auto taken = std::min(size, text.size() - at);
            std::copy_n(text.data() + at, taken, to);
            at += taken;
            return taken;
          },
          NdjsonReader::Supply::all_there, 2};
}

const std::string line = "{\"type\":\"t\"}\n";

}  // namespace

TEST_CASE("batches follow each other, sequences count on, and the sums are of all") {
  auto reader = reader_of(line + line + "\n" + line + line + line);
  std::vector<std::uint64_t> sequences;
  std::vector<std::uint64_t> told;
  const auto append = [&](std::span<const NewEvent> events, std::uint64_t sequence) -> Result<AppendSummary> {
    sequences.push_back(sequence);
    AppendSummary summary;
    if (sequence == 100) {
      summary.duplicates = events.size();
    } else {
      summary.add(AppendResult{sequence + 1'000, events.size(), 0});
    }
    return summary;
  };
  const auto done = [&](const AppendSummary& so_far) { told.push_back(so_far.count + so_far.duplicates); };
  const auto summary = ingest(reader, 100, system_clock(), append, done);
  REQUIRE(summary);
  CHECK(sequences == std::vector<std::uint64_t>{100, 102, 104});
  CHECK(told == std::vector<std::uint64_t>{2, 4, 5});
  CHECK(to_json(*summary) == R"({"first":1102,"last":1104,"count":3,"duplicates":2})");
}

TEST_CASE("an error says what is in the log nevertheless") {
  int appends = 0;
  const auto append = [&](std::span<const NewEvent> events, std::uint64_t sequence) -> Result<AppendSummary> {
    if (++appends == 2) return Error(ErrorCode::disk_full, "append: no space");
    AppendSummary summary;
    summary.add(AppendResult{sequence, events.size(), 0});
    return summary;
  };
  auto reader = reader_of(line + line + "\n" + line);
  const auto failed = ingest(reader, 0, system_clock(), append);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::disk_full);
  CHECK(failed.error().message == "line 3: append: no space; the 2 events before are in the log");

  appends = 0;
  auto bad = reader_of(line + line + line + "x\n");
  const auto malformed = ingest(bad, 0, system_clock(), append);
  REQUIRE_FALSE(malformed);
  CHECK(malformed.error().message.find("line 4: ") == 0);
  CHECK(malformed.error().message.find("; the 2 events before are in the log") != std::string::npos);

  const auto one_is_new = [](std::span<const NewEvent>, std::uint64_t) -> Result<AppendSummary> {
    return AppendSummary{0, 0, 1, 0};
  };
  auto one = reader_of(line + line + "x\n");
  CHECK(ingest(one, 0, system_clock(), one_is_new)
            .error()
            .message.ends_with("; the event before is in the log"));

  appends = 1;
  auto first = reader_of(line);
  const auto nothing = ingest(first, 0, system_clock(), append);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().message == "append: no space");
}

TEST_CASE("a summary reads back the same") {
  for (const auto& summary : {AppendSummary{}, AppendSummary{0, 9, 10, 3}}) {
    const auto read = parse_summary(to_json(summary));
    REQUIRE(read);
    CHECK(to_json(*read) == to_json(summary));
  }
  CHECK(to_json(AppendSummary{}) == R"({"first":null,"last":null,"count":0,"duplicates":0})");
  CHECK_FALSE(parse_summary("{}"));
}

}  // namespace aludel
