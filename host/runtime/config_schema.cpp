// SPDX-License-Identifier: MIT
#include "runtime/config_schema.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

using Fault = std::optional<std::string>;

Fault check(const json::value& schema, const json::value& value, const std::string& where);

// JSON Schema counts 1.0 among the integers.
bool is_integer(const json::value& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  return value.is_double() && std::trunc(value.get_double()) == value.get_double();
}

bool is_of_type(const json::value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") return is_integer(value);
  return true;  // a word that JSON Schema does not have
}

// "config.limit must be integer, not "ten""
std::string must_be(const std::string& where, const std::string& wanted, const json::value& value) {
  return where + " must be " + wanted + ", not " + to_json(value);
}

std::string joined(const json::array& words) {
  std::string text;
  for (const auto& word : words)
    text +=
        (text.empty() ? "" : " or ") + (word.is_string() ? std::string(word.get_string()) : to_json(word));
  return text;
}

Fault check_type(const json::value& wanted, const json::value& value, const std::string& where) {
  const auto fits = [&](const json::value& type) {
    return !type.is_string() || is_of_type(value, type.get_string());
  };
  const auto* several = wanted.if_array();
  if (several == nullptr) {
    if (fits(wanted)) return std::nullopt;
    return must_be(where, std::string(wanted.get_string()), value);
  }
  if (several->empty() || std::any_of(several->begin(), several->end(), fits)) return std::nullopt;
  return must_be(where, joined(*several), value);
}

Fault check_enum(const json::value& wanted, const json::value& value, const std::string& where) {
  const auto* words = wanted.if_array();
  if (words == nullptr || std::find(words->begin(), words->end(), value) != words->end()) return std::nullopt;
  std::string text;
  for (const auto& word : *words)
    text += (text.empty() ? "" : " or ") + to_json(word);
  return must_be(where, text, value);
}

Fault check_range(const json::object& schema, const json::value& value, const std::string& where) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  const auto* least = schema.if_contains("minimum");
  if (least != nullptr && least->is_number() && number < least->to_number<double>()) {
    return must_be(where, "at least " + to_json(*least), value);
  }
  const auto* most = schema.if_contains("maximum");
  if (most != nullptr && most->is_number() && number > most->to_number<double>()) {
    return must_be(where, "at most " + to_json(*most), value);
  }
  return std::nullopt;
}

Fault unknown_key(const json::object& properties, const json::object& object, const std::string& where) {
  std::vector<std::string_view> known;
  for (const auto& [name, ignored] : properties)
    known.push_back(name);
  for (const auto& [name, ignored] : object) {
    if (properties.contains(name)) continue;
    return where + " has the unknown key " + json_string(name) + suggestion(name, known);
  }
  return std::nullopt;
}

Fault check_object(const json::object& schema, const json::object& object, const std::string& where) {
  const json::object none;
  const auto* listed = schema.if_contains("properties");
  const auto& properties = listed != nullptr && listed->is_object() ? listed->get_object() : none;
  const auto* others = schema.if_contains("additionalProperties");
  const bool closed = others != nullptr && others->is_bool() && !others->get_bool();
  if (closed && !schema.contains("patternProperties")) {
    if (auto fault = unknown_key(properties, object, where)) return fault;
  }
  const auto* required = schema.if_contains("required");
  if (required != nullptr && required->is_array()) {
    for (const auto& name : required->get_array()) {
      if (name.is_string() && !object.contains(name.get_string()))
        return where + " lacks the key " + to_json(name) + ", which the handler requires";
    }
  }
  for (const auto& [name, value] : object) {
    const auto* property = properties.if_contains(name);
    if (property == nullptr) property = others;
    if (property == nullptr) continue;
    if (auto fault = check(*property, value, where + "." + std::string(name))) return fault;
  }
  return std::nullopt;
}

// "1 item", "2 items"
std::string items(const json::value& count) {
  return to_json(count) + (count == 1 ? " item" : " items");
}

Fault check_array(const json::object& schema, const json::array& array, const std::string& where) {
  const auto size = static_cast<double>(array.size());
  const auto* least = schema.if_contains("minItems");
  if (least != nullptr && least->is_number() && size < least->to_number<double>())
    return where + " must have at least " + items(*least) + ", not " + std::to_string(array.size());
  const auto* most = schema.if_contains("maxItems");
  if (most != nullptr && most->is_number() && size > most->to_number<double>())
    return where + " must have at most " + items(*most) + ", not " + std::to_string(array.size());
  const auto* each = schema.if_contains("items");
  if (each == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (auto fault = check(*each, array[i], where + "[" + std::to_string(i) + "]")) return fault;
  }
  return std::nullopt;
}

Fault check(const json::value& schema, const json::value& value, const std::string& where) {
  const auto* rules = schema.if_object();
  if (rules == nullptr) return std::nullopt;
  if (const auto* type = rules->if_contains("type")) {
    if (auto fault = check_type(*type, value, where)) return fault;
  }
  if (const auto* words = rules->if_contains("enum")) {
    if (auto fault = check_enum(*words, value, where)) return fault;
  }
  if (auto fault = check_range(*rules, value, where)) return fault;
  if (const auto* array = value.if_array()) return check_array(*rules, *array, where);
  return value.is_object() ? check_object(*rules, value.get_object(), where) : std::nullopt;
}

}  // namespace

Fault config_fault(std::string_view schema, std::string_view config) {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  json::error_code error;
  const auto rules = json::parse(schema, error, {}, options);
  if (error) return std::nullopt;
  const auto value = json::parse(config, error, {}, options);
  return error ? std::nullopt : check(rules, value, "config");
}

}  // namespace aludel
