// SPDX-License-Identifier: MIT
#include "log/append_check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits.hpp"

namespace aludel {

namespace {

Error event_error(ErrorCode code, std::size_t index, std::string_view what) {
  return {code, fmt::format("append event {} of the batch: its {}", index, what)};
}

Result<void> check_size(std::string_view what, std::size_t size, std::size_t max, std::size_t index) {
  if (size <= max) return {};
  return event_error(ErrorCode::limit, index,
                     fmt::format("{} has {} bytes, at most {} are allowed: shorten it", what, size, max));
}

Result<void> check_name(std::string_view what, std::string_view name, std::size_t index) {
  if (name.size() > limits::event_name_max)
    return check_size(what, name.size(), limits::event_name_max, index);
  if (name.find('\0') == std::string_view::npos) return {};
  return event_error(ErrorCode::invalid, index, fmt::format("{} holds a NUL: remove it", what));
}

bool well_formed(std::string_view attributes) {
  if (attributes.empty()) return true;
  return attributes.back() == '\0' && std::count(attributes.begin(), attributes.end(), '\0') % 2 == 0;
}

}  // namespace

Result<void> check_batch(std::size_t events, std::string_view producer) {
  if (events == 0) return Error(ErrorCode::invalid, "append: no event was given: give at least one");
  if (events > limits::block_events_max) {
    return Error(ErrorCode::limit, fmt::format("append {} events: at most {} go into one append: split them",
                                               events, limits::block_events_max));
  }
  if (producer.size() > limits::producer_max) {
    return Error(ErrorCode::limit,
                 fmt::format("append: the producer's name has {} bytes, at most {} are allowed: shorten it",
                             producer.size(), limits::producer_max));
  }
  if (producer.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::invalid, "append: the producer's name holds a NUL: remove it");
  }
  return {};
}

Result<void> check_names(const NewEvent& event, std::size_t index) {
  if (auto ok = check_name("type", event.type, index); !ok) return ok;
  if (auto ok = check_name("source", event.source, index); !ok) return ok;
  return check_name("content type", event.content_type, index);
}

Result<void> check_event(const NewEvent& event, std::size_t index) {
  if (auto ok = check_name("key", event.key, index); !ok) return ok;
  const auto attributes = event.attributes.packed();
  if (auto ok = check_size("attributes", attributes.size(), limits::event_attributes_max, index); !ok)
    return ok;
  if (!well_formed(attributes)) {
    return event_error(ErrorCode::invalid, index,
                       "attributes are no pairs of NUL-terminated strings: mend them");
  }
  return check_size("data", event.data.size(), limits::event_data_max, index);
}

}  // namespace aludel
