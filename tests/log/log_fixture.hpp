// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/crc32c.hpp"
#include "log/segment_log.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

/// An event that owns its bytes, as it went in or came out.
struct OwnedEvent {
  std::uint64_t id = 0;
  std::string type = "test";
  std::string source = "/tests";
  std::string key;
  std::string content_type = "application/json";
  std::string data;
  std::string attributes;
  std::int64_t time_ns = 0;

  [[nodiscard]] NewEvent view() const {
    return {type, source, key, content_type, data, AttributeList(attributes), time_ns, crc32c(data)};
  }
  friend bool operator==(const OwnedEvent&, const OwnedEvent&) = default;
};

inline OwnedEvent event_with(std::string_view data, std::string_view type = "test") {
  OwnedEvent event;
  event.data = data;
  event.type = type;
  return event;
}

inline std::vector<NewEvent> views(const std::vector<OwnedEvent>& events) {
  std::vector<NewEvent> result;
  for (const auto& event : events)
    result.push_back(event.view());
  return result;
}

inline OwnedEvent owned(const Event& event) {
  return {event.id,
          std::string(event.type),
          std::string(event.source),
          std::string(event.key),
          std::string(event.content_type),
          std::string(event.data),
          std::string(event.attributes.packed()),
          event.time_ns};
}

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
