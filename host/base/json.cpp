// SPDX-License-Identifier: MIT
#include "base/json.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <simdjson.h>

#include "base/limits.hpp"

namespace aludel {

namespace ondemand = simdjson::ondemand;

namespace {

constexpr auto success = simdjson::SUCCESS;

std::string_view trimmed(std::string_view token) {
  const auto end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// RFC 8259, section 6.
struct NumberGrammar {
  std::string_view rest;

  bool take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_digits() {
    const auto before = rest.size();
    while (take("0123456789")) {
    }
    return rest.size() != before;
  }
  bool take_number() {
    take("-");
    if (!take("0") && !take_digits()) return false;
    if (take(".") && !take_digits()) return false;
    if (take("eE")) {
      take("+-");
      if (!take_digits()) return false;
    }
    return rest.empty();
  }
};

bool is_number(std::string_view token) {
  return NumberGrammar{token}.take_number();
}

JsonValue number_of(std::string_view token) {
  const char* end = token.data() + token.size();
  JsonValue value;
  if (token.find_first_of(".eE") == std::string_view::npos) {
    value.type = JsonValue::Type::integer;
    if (std::from_chars(token.data(), end, value.integer).ec == std::errc()) return value;
  } else {
    value.type = JsonValue::Type::real;
    if (std::from_chars(token.data(), end, value.real).ec == std::errc()) return value;
  }
  return {JsonValue::Type::json, 0, 0, token};
}

bool is_container(ondemand::json_type type) {
  return type == ondemand::json_type::object || type == ondemand::json_type::array;
}

// `Source` is a value, or a document whose root is a scalar.
template <typename Source>
simdjson::error_code read_scalar(Source& source, ondemand::json_type type, JsonValue& out) {
  std::string_view token;
  if (type == ondemand::json_type::string) {
    out.type = JsonValue::Type::text;
    return source.get_string().get(out.text);
  }
  if (auto error = simdjson::simdjson_result<std::string_view>(source.raw_json_token()).get(token))
    return error;
  token = trimmed(token);
  switch (type) {
    case ondemand::json_type::null: out = {}; return token == "null" ? success : simdjson::N_ATOM_ERROR;
    case ondemand::json_type::boolean:
      out = {JsonValue::Type::boolean, token == "true" ? 1 : 0, 0, {}};
      return token == "true" || token == "false" ? success : simdjson::T_ATOM_ERROR;
    default:
      if (!is_number(token)) return simdjson::NUMBER_ERROR;
      out = number_of(token);
      return success;
  }
}

// Reading every value is what checks the whole text: simdjson's on-demand parser checks only what is read.
simdjson::error_code check(ondemand::value value, std::size_t depth) {
  if (depth > limits::json_depth_max) return simdjson::DEPTH_ERROR;
  ondemand::json_type type{};
  if (auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      ondemand::value child;
      if (auto error = element.get(child)) return error;
      if (auto error = check(child, depth + 1)) return error;
    }
    return success;
  }
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    for (auto member : object) {
      ondemand::field field;
      if (auto error = std::move(member).get(field)) return error;
      if (auto error = field.unescaped_key().error()) return error;
      if (auto error = check(field.value(), depth + 1)) return error;
    }
    return success;
  }
  JsonValue ignored;
  return read_scalar(value, type, ignored);
}

// The next reference token of a pointer, unescaped; nothing if an escape is wrong.
std::optional<std::string> take_reference(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const auto raw = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(raw.size());
  std::string reference;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '~') {
      reference += raw[i];
      continue;
    }
    ++i;
    if (i == raw.size() || (raw[i] != '0' && raw[i] != '1')) return std::nullopt;
    reference += raw[i] == '0' ? '~' : '/';
  }
  return reference;
}

bool is_pointer(std::string_view pointer) {
  if (!pointer.empty() && pointer.front() != '/') return false;
  while (!pointer.empty()) {
    if (!take_reference(pointer)) return false;
  }
  return true;
}

// Digits without a leading zero; anything else ("-" too) is no element of an array.
std::optional<std::uint64_t> index_of(std::string_view reference) {
  std::uint64_t index = 0;
  if (reference.empty() || (reference.size() > 1 && reference.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(reference.data(), reference.data() + reference.size(), index);
  if (error != std::errc() || end != reference.data() + reference.size()) return std::nullopt;
  return index;
}

simdjson::error_code find_member(ondemand::value& value, std::string_view key) {
  ondemand::object object;
  if (auto error = value.get_object().get(object)) return error;
  for (auto member : object) {
    ondemand::field field;
    if (auto error = std::move(member).get(field)) return error;
    std::string_view name;
    if (auto error = field.unescaped_key().get(name)) return error;
    if (name != key) continue;
    value = field.value();
    return success;
  }
  return simdjson::NO_SUCH_FIELD;
}

simdjson::error_code find_element(ondemand::value& value, std::uint64_t index) {
  ondemand::array array;
  if (auto error = value.get_array().get(array)) return error;
  for (auto element : array) {
    if (index-- == 0) return element.get(value);
  }
  return simdjson::INDEX_OUT_OF_BOUNDS;
}

simdjson::error_code read_container(ondemand::value& value, ondemand::json_type type, JsonValue& out) {
  out.type = JsonValue::Type::json;
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return error;
    if (auto error = array.raw_json().get(out.text)) return error;
  } else {
    ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    if (auto error = object.raw_json().get(out.text)) return error;
  }
  out.text = trimmed(out.text);
  return success;
}

simdjson::error_code find(ondemand::value value, std::string_view pointer, JsonValue& out) {
  ondemand::json_type type{};
  for (;;) {
    if (auto error = value.type().get(type)) return error;
    if (pointer.empty()) break;
    const auto reference = take_reference(pointer).value();
    if (type == ondemand::json_type::object) {
      if (auto error = find_member(value, reference)) return error;
    } else if (type == ondemand::json_type::array) {
      const auto index = index_of(reference);
      if (!index) return simdjson::INDEX_OUT_OF_BOUNDS;
      if (auto error = find_element(value, *index)) return error;
    } else {
      return simdjson::NO_SUCH_FIELD;
    }
  }
  return is_container(type) ? read_container(value, type, out) : read_scalar(value, type, out);
}

Error parse_error(simdjson::error_code error) {
  const auto words = error == simdjson::DEPTH_ERROR
                         ? "nested deeper than " + std::to_string(limits::json_depth_max)
                         : std::string(simdjson::error_message(error));
  return {ErrorCode::invalid, "parse JSON: " + words};
}

}  // namespace

struct JsonDocument::Parser {
  ondemand::parser parser{limits::json_text_max};
  ondemand::document document;
  std::string_view text;
  std::string copy;    // of a text without padding
  std::string result;  // the last value's text

  simdjson::error_code check_all() {
    ondemand::json_type type{};
    if (auto error = document.type().get(type)) return error;
    if (is_container(type)) {
      ondemand::value root;
      if (auto error = document.get_value().get(root)) return error;
      if (auto error = check(root, 1)) return error;
      return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? success
                                                                            : simdjson::TRAILING_CONTENT;
    }
    std::string_view token;
    if (auto error = document.raw_json_token().get(token)) return error;
    if (token.data() + token.size() != text.data() + text.size()) return simdjson::TRAILING_CONTENT;
    JsonValue ignored;
    return read_scalar(document, type, ignored);
  }
};

JsonDocument::JsonDocument() : parser_(std::make_unique<Parser>()) {}
JsonDocument::~JsonDocument() = default;

Result<void> JsonDocument::parse(std::string_view text, std::size_t readable_behind) {
  if (text.size() > limits::json_text_max) {
    return Error{ErrorCode::limit,
                 "parse JSON: the text is over " + std::to_string(limits::json_text_max) + " bytes"};
  }
  auto& p = *parser_;
  if (readable_behind < simdjson::SIMDJSON_PADDING) {
    p.copy.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    p.copy.assign(text);
    text = p.copy;
  }
  p.text = text;
  const simdjson::padded_string_view padded(text, text.size() + simdjson::SIMDJSON_PADDING);
  auto error = p.parser.iterate(padded).get(p.document);
  if (!error) error = p.check_all();
  if (error) return parse_error(error);
  return {};
}

Result<JsonValue> JsonDocument::at(std::string_view pointer) {
  if (!is_pointer(pointer)) {
    return Error{ErrorCode::invalid,
                 "read JSON at \"" + std::string(pointer) +
                     "\": not a JSON pointer; write \"/name/0\", with ~0 for ~ and ~1 for /"};
  }
  auto& p = *parser_;
  p.document.rewind();
  ondemand::json_type type{};
  JsonValue value;
  simdjson::error_code error = p.document.type().get(type);
  if (!error && is_container(type)) {
    ondemand::value root;
    error = p.document.get_value().get(root);
    if (!error) error = find(root, pointer, value);
  } else if (!error) {
    error = pointer.empty() ? read_scalar(p.document, type, value) : simdjson::NO_SUCH_FIELD;
  }
  if (error) {
    // The text was checked whole: anything else means that its owner has changed it since.
    if (error != simdjson::NO_SUCH_FIELD && error != simdjson::INDEX_OUT_OF_BOUNDS) return parse_error(error);
    return Error{ErrorCode::not_found, "read JSON at \"" + std::string(pointer) + "\": nothing is there"};
  }
  p.result.assign(value.text);
  value.text = p.result;
  return value;
}

}  // namespace aludel
