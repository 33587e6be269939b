// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <optional>

#include <simdjson.h>

#include "base/base64.hpp"
#include "base/cloudevents.hpp"
#include "base/crc32c.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

namespace aludel {

namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

Error invalid_json(error_code error) {
  return {ErrorCode::invalid, std::string("not valid JSON: ") + simdjson::error_message(error)};
}

bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

Error wrong(std::string_view attribute, std::string_view expected) {
  return {ErrorCode::invalid, "\"" + std::string(attribute) + "\" " + std::string(expected)};
}

struct KnownAttribute {
  std::string_view name;
  std::optional<std::string_view> value;
};

// What was read of one event, before it is copied or defaults are filled in. Views into the JSON or
// simdjson's strings.
struct Draft {
  std::array<KnownAttribute, 8> known{{{"specversion", {}},
                                       {"id", {}},
                                       {"source", {}},
                                       {"type", {}},
                                       {"subject", {}},
                                       {"time", {}},
                                       {"datacontenttype", {}},
                                       {"dataschema", {}}}};
  std::optional<std::string_view> data_json;    // as sent
  std::optional<std::string_view> data_string;  // if it is a JSON string: what that says
  std::optional<std::string_view> data_base64;
  std::uint32_t seen = 0;  // bits by position in `known`, so that a second null is found too
  std::string extensions;  // packed

  enum : std::size_t { specversion, id, source, type, subject, time, datacontenttype, dataschema };
  [[nodiscard]] const std::optional<std::string_view>& operator[](std::size_t index) const {
    return known[index].value;
  }
};

Result<void> read_known(Draft& draft, std::size_t index, ondemand::value value) {
  auto& attribute = draft.known[index];
  if ((draft.seen & 1u << index) != 0) return wrong(attribute.name, "stands there twice");
  draft.seen |= 1u << index;
  if (trimmed(value.raw_json_token()) == "null") return {};  // the same as absent
  std::string_view text;
  if (auto error = value.get_string().get(text)) {
    if (error == simdjson::INCORRECT_TYPE) return wrong(attribute.name, "must be a string");
    return invalid_json(error).within(attribute.name);
  }
  if (text.empty()) return wrong(attribute.name, "must not be empty");
  if (text.find('\0') != std::string_view::npos) return wrong(attribute.name, "must not contain U+0000");
  attribute.value = text;
  return {};
}

// The JSON text of any value, as it was sent.
error_code raw_text(ondemand::value value, std::string_view& raw) {
  const auto token = trimmed(value.raw_json_token());
  if (token.front() != '{' && token.front() != '[') {
    raw = token;
    return simdjson::SUCCESS;
  }
  ondemand::object object;
  ondemand::array array;
  const auto error = token.front() == '{' ? value.get_object().get(object) : value.get_array().get(array);
  if (error) return error;
  if (auto e = token.front() == '{' ? object.raw_json().get(raw) : array.raw_json().get(raw)) return e;
  raw = trimmed(raw);
  return simdjson::SUCCESS;
}

Result<void> read_data(Draft& draft, ondemand::value value) {
  if (draft.data_json) return wrong("data", "stands there twice");
  std::string_view raw;
  if (auto error = raw_text(value, raw)) return invalid_json(error).within("data");
  draft.data_json = raw;
  if (raw.front() != '"') return {};
  std::string_view text;
  if (auto error = value.get_string().get(text)) return invalid_json(error).within("data");
  draft.data_string = text;
  return {};
}

Result<void> read_base64(Draft& draft, ondemand::value value) {
  if (draft.data_base64) return wrong("data_base64", "stands there twice");
  std::string_view text;
  if (value.get_string().get(text)) return wrong("data_base64", "must be a string of base64");
  draft.data_base64 = text;
  return {};
}

bool is_extension_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

// Values keep the string form that CloudEvents gives them: "true", "-5".
Result<void> read_extension(Draft& draft, std::string_view name, ondemand::value value) {
  constexpr auto expected =
      "must be a string, a boolean or an integer of 32 bits, as every extension attribute";
  if (!is_extension_name(name)) {
    return wrong(name, "is no attribute of CloudEvents: names are of a-z and 0-9; put it into \"data\"");
  }
  if (AttributeList(draft.extensions).find(name)) return wrong(name, "stands there twice");
  const auto token = trimmed(value.raw_json_token());
  std::string_view text = token;
  std::string digits;
  if (token == "null") return {};
  if (token.front() == '"') {
    if (auto error = value.get_string().get(text)) return invalid_json(error).within(name);
  } else if (token != "true" && token != "false") {
    std::int64_t number = 0;
    if (value.get_int64().get(number)) return wrong(name, expected);
    if (number != static_cast<std::int32_t>(number)) return wrong(name, expected);
    text = digits = std::to_string(number);
  }
  if (text.find('\0') != std::string_view::npos) return wrong(name, "must not contain U+0000");
  draft.extensions.append(name).push_back('\0');
  draft.extensions.append(text).push_back('\0');
  return {};
}

Result<void> read_field(Draft& draft, std::string_view name, ondemand::value value) {
  for (std::size_t i = 0; i < draft.known.size(); ++i) {
    if (draft.known[i].name == name) return read_known(draft, i, value);
  }
  if (name == "data") return read_data(draft, value);
  if (name == "data_base64") return read_base64(draft, value);
  if (name != "position") return read_extension(draft, name, value);
  if (value.get_uint64().error()) return wrong(name, "must be a number, if it is given at all");
  return {};
}

}  // namespace

struct EventBatch::Parser {
  ondemand::parser json;
  JsonDocument checker;  // on-demand parsing passes over the inside of a value that nobody asks for
  std::pmr::monotonic_buffer_resource arena{1 << 16};
  Draft draft;

  Result<void> read(std::string_view text);
  Result<NewEvent> finish(std::int64_t default_time_ns);
  Result<std::string_view> data();
  Result<std::string_view> decoded();
  Result<std::string_view> attributes();

  std::string_view keep(std::string_view text) {
    if (text.empty()) return "";
    auto* copy = static_cast<char*>(arena.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }

  // An attribute that `Event` has a member for.
  Result<std::string_view> name(std::size_t index, std::string_view fallback) {
    const auto value = draft[index].value_or(fallback);
    if (value.size() > limits::event_name_max) {
      return Error(ErrorCode::limit, "\"" + std::string(draft.known[index].name) + "\" has " +
                                         std::to_string(value.size()) + " bytes; at most " +
                                         std::to_string(limits::event_name_max) + " are allowed");
    }
    return value.data() == fallback.data() ? value : keep(value);
  }
};

Result<void> EventBatch::Parser::read(std::string_view text) {
  draft.known = Draft{}.known;
  draft.seen = 0;
  draft.extensions.clear();
  draft.data_json.reset();
  draft.data_string.reset();
  draft.data_base64.reset();

  ondemand::document document;
  ondemand::object object;
  if (auto error = json.iterate(text.data(), text.size(), text.size() + padding).get(document)) {
    return invalid_json(error);
  }
  if (auto error = document.get_object().get(object)) {
    if (error == simdjson::INCORRECT_TYPE) return Error(ErrorCode::invalid, "an event must be a JSON object");
    return invalid_json(error);
  }
  for (auto field : object) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return invalid_json(error);
    ondemand::value value;
    if (auto error = field.value().get(value)) return invalid_json(error);
    if (auto read = read_field(draft, key, value); !read) return read;
  }
  if (!at_end(document)) return Error(ErrorCode::invalid, "not valid JSON: text follows the event's object");
  return {};
}

Result<std::string_view> EventBatch::Parser::decoded() {
  auto* bytes = static_cast<char*>(arena.allocate(draft.data_base64->size() / 4 * 3 + 1, 1));
  const auto size = decode_base64(*draft.data_base64, bytes);
  if (!size) return wrong("data_base64", "must be base64 of the standard alphabet, padded with '='");
  return std::string_view(bytes, *size);
}

// The payload: JSON as it was sent; what a string says where the content type is not JSON.
Result<std::string_view> EventBatch::Parser::data() {
  if (draft.data_base64) {
    if (draft.data_json) return wrong("data_base64", "must not stand beside \"data\"");
    return decoded();
  }
  if (!draft.data_json) return std::string_view("");
  if (!draft.data_string) {
    if (auto checked = checker.parse(*draft.data_json, padding); !checked)
      return checked.error().within("data");
  }
  if (!draft[Draft::datacontenttype] || is_json_content_type(*draft[Draft::datacontenttype])) {
    return *draft.data_json;
  }
  if (draft.data_string) return keep(*draft.data_string);
  return wrong("data",
               "must be a string, since \"datacontenttype\" is not JSON; bytes go into \"data_base64\"");
}

Result<std::string_view> EventBatch::Parser::attributes() {
  std::size_t size = draft.extensions.size();
  for (const auto index : {Draft::id, Draft::dataschema}) {
    if (draft[index]) size += draft.known[index].name.size() + draft[index]->size() + 2;
  }
  if (size == 0) return std::string_view("");
  if (size > limits::event_attributes_max) {
    return Error(ErrorCode::limit, "id, dataschema and extension attributes have " + std::to_string(size) +
                                       " bytes; at most " + std::to_string(limits::event_attributes_max) +
                                       " are allowed");
  }
  auto* const packed = static_cast<char*>(arena.allocate(size, 1));
  auto* at = packed;
  const auto put = [&](std::string_view text) {
    at = std::copy(text.begin(), text.end(), at);
    *at++ = '\0';
  };
  for (const auto index : {Draft::id, Draft::dataschema}) {
    if (!draft[index]) continue;
    put(draft.known[index].name);
    put(*draft[index]);
  }
  std::copy(draft.extensions.begin(), draft.extensions.end(), at);
  return std::string_view(packed, size);
}

Result<NewEvent> EventBatch::Parser::finish(std::int64_t default_time_ns) {
  if (draft[Draft::specversion].value_or("1.0") != "1.0") {
    return wrong("specversion", "must be \"1.0\": that is the CloudEvents version that is understood");
  }
  if (!draft[Draft::type]) return wrong("type", "is required: a string that says what happened");

  NewEvent event;
  event.time_ns = default_time_ns;
  if (const auto& time = draft[Draft::time]) {
    const auto time_ns = parse_time(*time);
    if (!time_ns) {
      return wrong("time",
                   "must be a timestamp such as \"1993-01-31T12:00:00Z\" (RFC 3339), between 1677-09-22 and "
                   "2262-04-11");
    }
    event.time_ns = *time_ns;
  }
  const auto take = [](std::string_view& member, Result<std::string_view> value) -> Result<void> {
    if (!value) return value.error();
    member = *value;
    return {};
  };
  std::string_view packed;
  if (auto r = take(event.type, name(Draft::type, "")); !r) return r.error();
  if (auto r = take(event.source, name(Draft::source, "/")); !r) return r.error();
  if (auto r = take(event.key, name(Draft::subject, "")); !r) return r.error();
  if (auto r = take(event.content_type, name(Draft::datacontenttype, "application/json")); !r)
    return r.error();
  if (auto r = take(event.data, data()); !r) return r.error();
  if (auto r = take(packed, attributes()); !r) return r.error();
  event.attributes = AttributeList(packed);
  if (event.data.size() > limits::event_data_max) {
    return Error(ErrorCode::limit, "the event's data has " + std::to_string(event.data.size()) +
                                       " bytes; at most " + std::to_string(limits::event_data_max) +
                                       " are allowed");
  }
  return event;
}

EventBatch::EventBatch() : parser_(std::make_unique<Parser>()) {}
EventBatch::~EventBatch() = default;
EventBatch::EventBatch(EventBatch&&) noexcept = default;
EventBatch& EventBatch::operator=(EventBatch&&) noexcept = default;

void EventBatch::clear() {
  events_.clear();
  parser_->arena.release();
}

Result<void> EventBatch::add(std::string_view json, std::int64_t default_time_ns) {
  const auto sent = trimmed(json);
  if (sent.empty())
    return Error(ErrorCode::invalid, "an event must be a JSON object; there is only white space");
  if (auto read = parser_->read(sent); !read) return read;
  auto event = parser_->finish(default_time_ns);
  if (!event) return event.error();
  event->sent_crc = crc32c(sent);
  events_.push_back(*event);
  return {};
}

Result<void> EventBatch::add_array(std::string_view json, std::int64_t default_time_ns) {
  // A first walk finds the elements; `add` then reads each like an event that stands alone.
  std::vector<std::string_view> elements;
  {
    ondemand::parser parser;
    ondemand::document document;
    ondemand::array array;
    if (auto error = parser.iterate(json.data(), json.size(), json.size() + padding).get(document)) {
      return invalid_json(error);
    }
    if (auto error = document.get_array().get(array)) {
      if (error == simdjson::INCORRECT_TYPE) {
        return Error(ErrorCode::invalid, "a batch must be a JSON array of events");
      }
      return invalid_json(error);
    }
    for (auto item : array) {
      ondemand::value element;
      if (auto error = item.get(element)) return invalid_json(error);
      ondemand::object object;
      if (element.get_object().get(object)) {
        return Error(ErrorCode::invalid,
                     "element " + std::to_string(elements.size()) + ": an event must be a JSON object");
      }
      std::string_view raw;
      if (auto error = object.raw_json().get(raw)) return invalid_json(error);
      elements.push_back(raw);
    }
    if (!at_end(document)) return Error(ErrorCode::invalid, "not valid JSON: text follows the batch's array");
  }
  const auto before = events_.size();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (auto added = add(elements[i], default_time_ns); !added) {
      events_.resize(before);
      return added.error().within("element " + std::to_string(i));
    }
  }
  return {};
}

}  // namespace aludel
