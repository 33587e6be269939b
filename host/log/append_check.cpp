// SPDX-License-Identifier: MIT
#include "log/append_check.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/utf8.hpp"

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

// Of ASCII, or one of U+0080 to U+009F. The text is UTF-8.
bool holds_control(std::string_view text) {
  char before = '\0';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (before == '\xc2' && byte < 0xa0)) return true;
    before = c;
  }
  return false;
}

bool well_formed(std::string_view attributes) {
  if (attributes.empty()) return true;
  return attributes.back() == '\0' && std::count(attributes.begin(), attributes.end(), '\0') % 2 == 0;
}

// Of CloudEvents, and none that stands elsewhere in an event: it would be printed twice.
bool is_attribute_name(std::string_view name) {
  constexpr std::string_view taken[] = {"specversion", "position", "source",          "type",
                                        "subject",     "time",     "datacontenttype", "data"};
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_allowed) &&
         std::find(std::begin(taken), std::end(taken), name) == std::end(taken);
}

// Of attributes that are well formed: every other string is a name.
bool well_named(std::string_view attributes) {
  while (!attributes.empty()) {
    const auto name = attributes.substr(0, attributes.find('\0'));
    if (!is_attribute_name(name)) return false;
    attributes.remove_prefix(attributes.find('\0', name.size() + 1) + 1);
  }
  return true;
}

}  // namespace

Result<void> check_producer(std::string_view producer) {
  if (producer.size() > limits::producer_max) {
    return Error(ErrorCode::limit,
                 fmt::format("append: the producer's key has {} bytes, at most {} are allowed: shorten it",
                             producer.size(), limits::producer_max));
  }
  const char* fault = nullptr;
  if (!is_utf8(producer)) {
    fault = "is not UTF-8: encode it";
  } else if (holds_control(producer)) {
    fault = "holds a control character: remove it";
  } else if (producer.starts_with(' ') || producer.ends_with(' ')) {
    fault = "begins or ends with a blank: remove it";
  }
  if (fault == nullptr) return {};
  return Error(ErrorCode::invalid, fmt::format("append: the producer's key {}", fault));
}

Result<void> check_batch(std::size_t events, std::string_view producer) {
  if (events == 0) return Error(ErrorCode::invalid, "append: no event was given: give at least one");
  if (events > limits::block_events_max) {
    return Error(ErrorCode::limit, fmt::format("append {} events: at most {} go into one append: split them",
                                               events, limits::block_events_max));
  }
  return check_producer(producer);
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
  if (!well_named(attributes)) {
    return event_error(ErrorCode::invalid, index,
                       "attributes have a name that is not of a-z and 0-9, or that stands for another part "
                       "of an event: rename it");
  }
  return check_size("data", event.data.size(), limits::event_data_max, index);
}

}  // namespace aludel
