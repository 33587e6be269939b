// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/ndjson.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// What came of one append, or of several in a row; then other producers' events may lie between.
struct AppendSummary {
  std::optional<std::uint64_t> first;  ///< id of the first event that was added; nothing if none was
  std::optional<std::uint64_t> last;
  std::uint64_t count = 0;
  std::uint64_t duplicates = 0;

  void add(const AppendResult& result);
  void add(const AppendSummary& next);
};

/// {"first","last","count","duplicates"}: a contract.
[[nodiscard]] std::string to_json(const AppendSummary& summary);
/// @return invalid
[[nodiscard]] Result<AppendSummary> parse_summary(std::string_view text);

/// Appends one batch, whose first event has this sequence under the caller's producer.
using AppendBatch =
    std::function<Result<AppendSummary>(std::span<const NewEvent> events, std::uint64_t sequence)>;

/// Reads events to the end and appends them batch by batch.
/// @param sequence of the first event
/// @param done told after each batch with all that was acknowledged by then
/// @return an error names the line, and how many events before it are durable
[[nodiscard]] Result<AppendSummary> ingest(NdjsonReader& reader, std::uint64_t sequence, const Clock& clock,
                                           const AppendBatch& append,
                                           const std::function<void(const AppendSummary&)>& done = {});

}  // namespace aludel
