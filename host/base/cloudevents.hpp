// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

/// CloudEvents 1.0 in their JSON format, as producers send them and as `aludel log` prints them.
///
///     subject <-> key    time <-> time_ns    datacontenttype <-> content_type    all else <-> attributes
namespace aludel {

/// Events on their way from JSON into the log. Keeps what it had to decode; the rest it borrows from the
/// JSON. One thread at a time.
class EventBatch {
 public:
  /// Bytes that must be readable behind the JSON text; what they hold does not matter.
  static constexpr std::size_t padding = 64;

  EventBatch();
  ~EventBatch();
  EventBatch(EventBatch&&) noexcept;
  EventBatch& operator=(EventBatch&&) noexcept;

  /// Adds one event, given as a JSON object. Required: `type`. Filled in where absent: `time` by
  /// `default_time_ns`, `source` by "/", `datacontenttype` by application/json. A `position`, as `aludel log`
  /// prints it, is passed over: the log gives a new one.
  /// @param json stays where it is until `clear`; white space around it is not part of what was sent
  /// @return invalid, limit: the attribute and what is expected are named; the batch is as before
  Result<void> add(std::string_view json, std::int64_t default_time_ns);

  /// Adds every element of a JSON array of events, or none; an error names the element, from 0.
  Result<void> add_array(std::string_view json, std::int64_t default_time_ns);

  [[nodiscard]] std::span<const NewEvent> events() const { return events_; }
  [[nodiscard]] bool empty() const { return events_.empty(); }
  void clear();

 private:
  struct Parser;  // keeps simdjson and its buffers out of this header
  std::unique_ptr<Parser> parser_;
  std::vector<NewEvent> events_;
};

/// Whether a content type says that the data is JSON: application/json, anything/json, anything+json.
[[nodiscard]] bool is_json_content_type(std::string_view content_type);

/// Writes events as JSON. Keeps its buffers: to be used again. One thread at a time.
class CloudEventWriter {
 public:
  /// Appends the event as one line without its end, with its id in the log as `position`, and as `id` where
  /// its producer gave none. Data stands as it was sent if it is JSON (line breaks between its tokens become
  /// spaces), as a string if its content type is textual, else as `data_base64`.
  void append(std::string& out, const Event& event);

 private:
  void append_data(std::string& out, const Event& event);

  JsonDocument checker_;  // bytes may be called JSON and be none, if they came as `data_base64`
};

}  // namespace aludel
