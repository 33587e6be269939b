// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>

#include "base/base64.hpp"
#include "base/cloudevents.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace aludel {

namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.end() - static_cast<std::ptrdiff_t>(lower.size()),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

// Without parameters ("; charset=utf-8").
std::string_view media_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  return content_type.substr(0, content_type.find_last_not_of(" \t") + 1);
}

bool is_text(std::string_view content_type) {
  const auto type = media_type(content_type);
  return ends_with_ignoring_case(type.substr(0, 5), "text/") || ends_with_ignoring_case(type, "/xml") ||
         ends_with_ignoring_case(type, "+xml");
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  out += json_string(value);
}

// A line break in JSON that was checked stands between tokens.
void append_on_one_line(std::string& out, std::string_view json) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  out += json;
  std::replace_if(
      out.begin() + begin, out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

}  // namespace

bool is_json_content_type(std::string_view content_type) {
  const auto type = media_type(content_type);
  return ends_with_ignoring_case(type, "/json") || ends_with_ignoring_case(type, "+json");
}

void CloudEventWriter::append(std::string& out, const Event& event) {
  const auto position = std::to_string(event.id);
  out += "{\"specversion\":\"1.0\",\"position\":" + position;
  append_member(out, "id", event.attributes.find("id").value_or(position));
  append_member(out, "source", event.source);
  append_member(out, "type", event.type);
  if (!event.key.empty()) append_member(out, "subject", event.key);
  append_member(out, "time", format_time(event.time_ns));
  append_member(out, "datacontenttype", event.content_type);
  for (std::uint64_t i = 0; const auto attribute = event.attributes.at(i); ++i) {
    if (attribute->name != "id") append_member(out, attribute->name, attribute->value);
  }
  append_data(out, event);
  out += '}';
}

void CloudEventWriter::append_data(std::string& out, const Event& event) {
  if (event.data.empty()) return;
  if (is_json_content_type(event.content_type) && checker_.parse(event.data, EventBatch::padding)) {
    out += ",\"data\":";
    append_on_one_line(out, event.data);
  } else if (is_text(event.content_type) && is_utf8(event.data)) {
    append_member(out, "data", event.data);
  } else {
    out += ",\"data_base64\":\"";
    append_base64(out, event.data);
    out += '"';
  }
}

}  // namespace aludel
