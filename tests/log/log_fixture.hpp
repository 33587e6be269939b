// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "log/segment_log.hpp"
#include "support/owned_event.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

inline std::unique_ptr<SegmentLog> open_log(const OpenOptions& options) {
  auto log = SegmentLog::open(options);
  REQUIRE(log);
  return std::move(*log);
}

/// Small segments, and nothing in the background, so that a test sees the same calls each time.
inline OpenOptions small_options(const std::filesystem::path& dir,
                                 os::FileSystem& files = os::real_file_system(), Sync sync = Sync::full) {
  return {.dir = dir, .files = files, .sync = sync, .segment_size = 8'192, .allocate_ahead = false};
}

inline Result<AppendResult> append(EventLog& log, const std::vector<OwnedEvent>& events,
                                   std::string_view producer = {}, std::uint64_t sequence = 0) {
  return log.append({views(events), producer, sequence});
}

/// Appends one event a call, "<prefix>0" and so on.
inline void append_each(EventLog& log, int count, std::string_view prefix = "event ") {
  for (int i = 0; i < count; ++i)
    REQUIRE(append(log, {event_with(std::string(prefix) + std::to_string(i))}));
}

/// All events from `from` to the tip, whose ids must follow each other.
inline std::vector<OwnedEvent> read_all(EventReader& reader, std::uint64_t from = 0) {
  std::vector<OwnedEvent> events;
  auto cursor = reader.read_from(from);
  REQUIRE(cursor);
  for (auto id = from;;) {
    const auto block = (*cursor)->next();
    REQUIRE(block);
    if (*block == nullptr) {
      REQUIRE(id == reader.tip());
      return events;
    }
    Event event;
    for (auto walk = (*block)->events(id); walk.next(event); ++id) {
      REQUIRE(event.id == id);
      events.push_back(owned(event));
    }
  }
}

inline std::vector<std::string> data_of(const std::vector<OwnedEvent>& events) {
  std::vector<std::string> data;
  for (const auto& event : events)
    data.push_back(event.data);
  return data;
}

}  // namespace aludel
