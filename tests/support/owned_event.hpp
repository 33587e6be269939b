// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.hpp"
#include "base/event.hpp"

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

}  // namespace aludel
