// SPDX-License-Identifier: MIT
#include "base/cloudevents.hpp"

#include <string>
#include <string_view>

#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "support/result_printing.hpp"

using namespace std::string_view_literals;

namespace aludel {

namespace {

constexpr std::int64_t now_ns = 1'700'000'000'000'000'000;

// Text with the padding that the reader asks for, filled with what would spoil a reader that used it.
struct Padded {
  explicit Padded(std::string_view text) : size(text.size()) {
    bytes.assign(text);
    bytes.append(EventBatch::padding, '"');
  }
  operator std::string_view() const { return {bytes.data(), size}; }
  std::string bytes;
  std::size_t size;
};

std::string error_of(std::string_view json) {
  const Padded padded(json);
  EventBatch batch;
  const auto added = batch.add(padded, now_ns);
  CHECK(batch.events().size() == (added ? 1u : 0u));
  return added ? "no error" : added.error().message;
}

// The event as it would be printed at position 7 of the log.
std::string printed(std::string_view json) {
  const Padded padded(json);
  EventBatch batch;
  if (auto added = batch.add(padded, now_ns); !added) return added.error().message;
  const auto& sent = batch.events().front();
  std::string data(sent.data);
  data.append(EventBatch::padding, '\0');
  Event event{7,
              sent.time_ns,
              sent.type,
              sent.source,
              sent.key,
              sent.content_type,
              std::string_view(data).substr(0, sent.data.size()),
              sent.attributes};
  std::string out;
  CloudEventWriter().append(out, event);
  return out;
}

}  // namespace

TEST_CASE("every attribute of a CloudEvent arrives in its place") {
  const Padded json(
      R"({"specversion":"1.0","id":"a-1","source":"/bank","type":"deposit","subject":"2378",)"
      R"("time":"1993-01-01T00:00:00.5Z","datacontenttype":"application/vnd.bank+json",)"
      R"("dataschema":"urn:x","traceparent":"00-ab","flag":true,"count":-5,"data":{"amount": 700}})");
  EventBatch batch;
  REQUIRE(batch.add(json, now_ns));
  const auto& event = batch.events().front();
  CHECK(event.type == "deposit");
  CHECK(event.source == "/bank");
  CHECK(event.key == "2378");
  CHECK(event.content_type == "application/vnd.bank+json");
  CHECK(event.data == R"({"amount": 700})");
  CHECK(event.time_ns == 725'846'400'500'000'000);
  CHECK(event.attributes.packed() ==
        "id\0a-1\0dataschema\0urn:x\0traceparent\00000-ab\0flag\0true\0count\0-5\0"sv);
}

TEST_CASE("what a CloudEvent leaves out is filled in, and its checksum is of what was sent") {
  const Padded json("  {\"type\":\"t\"}\r");
  EventBatch batch;
  REQUIRE(batch.add(json, now_ns));
  const auto& event = batch.events().front();
  CHECK(event.source == "/");
  CHECK(event.key.empty());
  CHECK(event.content_type == "application/json");
  CHECK(event.data.empty());
  CHECK(event.data.data() != nullptr);
  CHECK(event.time_ns == now_ns);
  CHECK(event.attributes.empty());
  CHECK(event.sent_crc == crc32c("{\"type\":\"t\"}"));
}

TEST_CASE("JSON data is kept byte for byte, whatever kind of value it is") {
  for (const auto* data : {"null", "true", "false", "0", "-1.5e+300", "99999999999999999999999", "1e999",
                           "\"a\\u0041\\n\"", "[]", "[ 1 , {\"a\" : [] } ]", "{}",
                           "{ \"b\" : \"}\" , \"a\":1}", "{\"type\":\"not the event's\"}"}) {
    for (const auto* behind : {"}", " , \"subject\":\"k\"}"}) {
      const Padded json(std::string("{\"type\":\"t\",\"data\" : ") + data + behind);
      EventBatch batch;
      REQUIRE_MESSAGE(batch.add(json, now_ns), data);
      CHECK(batch.events().front().data == data);
    }
  }
}

TEST_CASE("data of another content type is what its string says, or its base64") {
  EventBatch batch;
  const Padded text(R"({"data":"a\u00e4\n\"","datacontenttype":"text/plain","type":"t"})");
  const Padded bytes(R"({"data_base64":"AP8=","datacontenttype":"application/octet-stream","type":"t"})");
  REQUIRE(batch.add(text, now_ns));
  REQUIRE(batch.add(bytes, now_ns));
  CHECK(batch.events()[0].data == "a\u00e4\n\"");
  CHECK(batch.events()[1].data == "\0\xff"sv);
}

TEST_CASE("an event that is malformed is refused with its attribute and what is expected") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      // not an event at all
      {"", "an event must be a JSON object"},
      {"   ", "an event must be a JSON object"},
      {"[]", "an event must be a JSON object"},
      {"17", "an event must be a JSON object"},
      {"\"x\"", "an event must be a JSON object"},
      {"{", "not valid JSON"},
      {"{\"type\":\"t\"", "not valid JSON"},
      {"{\"type\":\"t\"}}", "not valid JSON"},
      {"{\"type\":\"t\"} {}", "not valid JSON"},
      {"{\"type\":\"t\",}", "not valid JSON"},
      {"{\"type\" \"t\"}", "not valid JSON"},
      {"{type:\"t\"}", "not valid JSON"},
      {"{\"type\":\"t\",\"data\":}", "not valid JSON"},
      {"{\"type\":\"\xff\"}", "not valid JSON"},
      {"{\"type\":\"a\tb\"}", "not valid JSON"},
      {"{\"type\":\"\\ud800\"}", "type: not valid JSON"},
      {"{\"type\":\"\\x\"}", "type: not valid JSON"},
      // attributes
      {"{}", "\"type\" is required"},
      {R"({"type":null})", "\"type\" is required"},
      {R"({"type":""})", "\"type\" must not be empty"},
      {R"({"type":5})", "\"type\" must be a string"},
      {R"({"type":"a\u0000b"})", "\"type\" must not contain U+0000"},
      {R"({"type":"a","type":"b"})", "\"type\" stands there twice"},
      {R"({"type":"a","t\u0079pe":"b"})", "\"type\" stands there twice"},
      {R"({"specversion":"0.3","type":"t"})", "\"specversion\" must be \"1.0\""},
      {R"({"specversion":1.0,"type":"t"})", "\"specversion\" must be a string"},
      {R"({"type":"t","id":""})", "\"id\" must not be empty"},
      {R"({"type":"t","id":7})", "\"id\" must be a string"},
      {R"({"type":"t","source":""})", "\"source\" must not be empty"},
      {R"({"type":"t","subject":["a"]})", "\"subject\" must be a string"},
      {R"({"type":"t","time":"yesterday"})", "\"time\" must be a timestamp"},
      {R"({"type":"t","time":"1993-02-29T00:00:00Z"})", "\"time\" must be a timestamp"},
      {R"({"type":"t","time":"1993-01-01"})", "\"time\" must be a timestamp"},
      {R"({"type":"t","time":"1492-10-12T00:00:00Z"})", "between 1677-09-22 and 2262-04-11"},
      {R"({"type":"t","time":725846400})", "\"time\" must be a string"},
      {R"({"type":"t","datacontenttype":""})", "\"datacontenttype\" must not be empty"},
      {R"({"type":"t","position":"x"})", "\"position\" must be a number"},
      // extensions
      {R"({"type":"t","Trace":"a"})", "\"Trace\" is no attribute of CloudEvents"},
      {R"({"type":"t","trace_id":"a"})", "\"trace_id\" is no attribute of CloudEvents"},
      {R"({"type":"t","":"a"})", "\"\" is no attribute of CloudEvents"},
      {R"({"type":"t","x":1.5})", "\"x\" must be a string, a boolean or an integer"},
      {R"({"type":"t","x":2147483648})", "\"x\" must be a string, a boolean or an integer"},
      {R"({"type":"t","x":{}})", "\"x\" must be a string, a boolean or an integer"},
      {R"({"type":"t","x":tru})", "\"x\" must be a string, a boolean or an integer"},
      {R"({"type":"t","x":"a\u0000"})", "\"x\" must not contain U+0000"},
      {R"({"type":"t","x":"a","x":"b"})", "\"x\" stands there twice"},
      // data
      {R"({"type":"t","data":1,"data":2})", "\"data\" stands there twice"},
      {R"({"type":"t","data":1,"data_base64":""})", "\"data_base64\" must not stand beside \"data\""},
      {R"({"type":"t","data_base64":"A"})", "\"data_base64\" must be base64"},
      {R"({"type":"t","data_base64":5})", "\"data_base64\" must be a string"},
      {R"({"type":"t","datacontenttype":"text/plain","data":{}})", "\"data\" must be a string, since"},
      {R"({"type":"t","data":tru})", "data: "},
      {R"({"type":"t","data":01})", "data: "},
      {R"({"type":"t","data":{"a":1 "b":2}})", "data: "},
      {R"({"type":"t","data":{"a":[1,]}})", "data: "},
      {R"({"type":"t","data":{"a":"\q"}})", "data: "},
      {R"({"type":"t","data":"\q"})", "data: not valid JSON"},
      {R"({"type":"t","data":[1}})", "data: "},
  };
  for (const auto& wrong : cases) {
    CAPTURE(wrong.first);
    CAPTURE(error_of(wrong.first));
    CHECK(error_of(wrong.first).find(wrong.second) != std::string::npos);
  }
}

TEST_CASE("events over the documented limits are refused") {
  const auto event = [](std::string_view name, std::size_t size) {
    return "{\"type\":\"t\",\"" + std::string(name) + "\":\"" + std::string(size, 'x') + "\"}";
  };
  CHECK(error_of(event("subject", limits::event_name_max)) == "no error");
  CHECK(error_of(event("subject", limits::event_name_max + 1)).find("\"subject\" has 1025 bytes") == 0);
  CHECK(error_of(event("x", limits::event_attributes_max - 3)) == "no error");
  CHECK(error_of(event("x", limits::event_attributes_max - 2)).find("extension attributes have 16385") !=
        std::string::npos);
  CHECK(error_of(event("data", limits::event_data_max - 2)) == "no error");
  CHECK(error_of(event("data", limits::event_data_max - 1)).find("data has 4194305 bytes") !=
        std::string::npos);
}

TEST_CASE("an error leaves the batch as it was") {
  const Padded good(R"({"type":"a","subject":"k"})");
  const Padded bad(R"({"type":"b","subject":5})");
  EventBatch batch;
  REQUIRE(batch.add(good, now_ns));
  CHECK_FALSE(batch.add(bad, now_ns));
  REQUIRE(batch.events().size() == 1);
  CHECK(batch.events()[0].key == "k");
}

TEST_CASE("an array of events is added whole or not at all") {
  EventBatch batch;
  const Padded good(R"([ {"type":"a"} , {"type":"b","data":[{}]} ])");
  REQUIRE(batch.add_array(good, now_ns));
  REQUIRE(batch.events().size() == 2);
  CHECK(batch.events()[1].data == "[{}]");
  CHECK(batch.events()[1].sent_crc == crc32c(R"({"type":"b","data":[{}]})"));

  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"([{"type":"c"},{"type":5}])", "element 1: \"type\" must be a string"},
      {R"([{"type":"c"},7])", "element 1: an event must be a JSON object"},
      {R"({"type":"c"})", "must be a JSON array"},
      {R"([{"type":"c"}] x)", "not valid JSON"},
      {R"([{"type":"c"})", "not valid JSON"},
      {R"([{"type":"c"},])", ""},
  };
  for (const auto& wrong : cases) {
    CAPTURE(wrong.first);
    const Padded padded(wrong.first);
    const auto added = batch.add_array(padded, now_ns);
    REQUIRE_FALSE(added);
    CHECK_MESSAGE(added.error().message.find(wrong.second) != std::string::npos, added.error().message);
    CHECK(batch.events().size() == 2);
  }
}

TEST_CASE("an event is printed as a CloudEvent that reads back the same") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"type":"t","time":"1993-01-01T01:00:00+01:00"})",
       R"({"specversion":"1.0","position":7,"id":"7","source":"/","type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"application/json"})"},
      {"{\"type\":\"t\",\"id\":\"i\",\"source\":\"s\\\"\",\"subject\":\"k\",\"time\":\"2024-02-29T12:00:00."
       "25Z\",\"x\":5,\"data\":{\"a\":\r\n1.10}}",
       R"({"specversion":"1.0","position":7,"id":"i","source":"s\"","type":"t","subject":"k","time":"2024-02-29T12:00:00.25Z","datacontenttype":"application/json","x":"5","data":{"a":  1.10}})"},
      {R"({"type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"text/plain; charset=utf-8","data":"ä\n"})",
       R"({"specversion":"1.0","position":7,"id":"7","source":"/","type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"text/plain; charset=utf-8","data":"ä\n"})"},
      {R"({"type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"image/png","data_base64":"AP8="})",
       R"({"specversion":"1.0","position":7,"id":"7","source":"/","type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"image/png","data_base64":"AP8="})"},
      {R"({"type":"t","time":"1993-01-01T00:00:00Z","data_base64":"e30="})",
       R"({"specversion":"1.0","position":7,"id":"7","source":"/","type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"application/json","data":{}})"},
      {R"({"type":"t","time":"1993-01-01T00:00:00Z","data_base64":"e30sAA=="})",
       R"({"specversion":"1.0","position":7,"id":"7","source":"/","type":"t","time":"1993-01-01T00:00:00Z","datacontenttype":"application/json","data_base64":"e30sAA=="})"},
  };
  for (const auto& [json, line] : cases) {
    CHECK(printed(json) == line);
    CHECK(printed(line) == line);
  }
}

TEST_CASE("content types that mean JSON are told from others") {
  for (const auto* type : {"application/json", "text/json", "application/cloudevents+json",
                           "Application/JSON", "application/json; charset=utf-8"}) {
    CHECK_MESSAGE(is_json_content_type(type), type);
  }
  for (const auto* type : {"", "text/plain", "application/jsonx", "application/x-ndjson", "json"}) {
    CHECK_MESSAGE(!is_json_content_type(type), type);
  }
}

}  // namespace aludel
