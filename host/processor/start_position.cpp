// SPDX-License-Identifier: MIT
#include "processor/start_position.hpp"

#include "base/time.hpp"

namespace aludel {

namespace {

Result<Position> before(std::uint64_t id, EventReader& log) {
  if (id == 0) return Position{};
  const auto fingerprint = log.block_fingerprint(id - 1);
  if (!fingerprint) return fingerprint.error();
  return Position{id, *fingerprint};
}

// The blocks' times never decrease: the first event of the first block that is not older.
Result<std::uint64_t> first_since(std::int64_t time_ns, EventReader& log) {
  const auto first = log.first();
  if (!first) return first.error();
  auto low = *first;
  auto high = log.tip();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    auto blocks = log.read_from(middle, Check::directory);
    if (!blocks) return blocks.error();
    const auto block = (*blocks)->next();
    if (!block) return block.error();
    if (*block == nullptr) break;
    if ((*block)->time_ns() < time_ns) {
      low = (*block)->end_id();
    } else {
      high = (*block)->first_id();
    }
  }
  return low;
}

}  // namespace

Result<StartAt> parse_start(std::string_view text) {
  if (text == "first") return StartAt{StartAt::Kind::first};
  if (text == "tip") return StartAt{StartAt::Kind::tip};
  const auto time = parse_time(text);
  if (time) return StartAt{StartAt::Kind::time, *time};
  return Error(ErrorCode::invalid, "\"" + std::string(text) +
                                       "\" is neither \"first\" nor \"tip\" nor a time such as "
                                       "2026-01-31T12:00:00Z, between 1677-09-22 and 2262-04-11");
}

std::string to_string(const StartAt& start) {
  switch (start.kind) {
    case StartAt::Kind::first: return "first";
    case StartAt::Kind::tip: return "tip";
    case StartAt::Kind::time: return format_time(start.time_ns);
  }
  return "first";
}

Error not_come(const StartAt& start) {
  return {
      ErrorCode::stopped,
      "begin at start = \"" + to_string(start) +
          "\": that time has not come, and it begins by itself then; an earlier one takes effect with the "
          "next start of the host",
      "not_yet"};
}

Result<Position> resolve(const StartAt& start, EventReader& log) {
  const auto id = [&]() -> Result<std::uint64_t> {
    switch (start.kind) {
      case StartAt::Kind::first: return log.first();
      case StartAt::Kind::tip: return log.tip();
      case StartAt::Kind::time: break;
    }
    return first_since(start.time_ns, log);
  }();
  if (!id) return id.error();
  return before(*id, log);
}

}  // namespace aludel
