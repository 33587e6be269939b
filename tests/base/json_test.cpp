// SPDX-License-Identifier: MIT
#include "base/json.hpp"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <simdjson.h>

#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "support/result_printing.hpp"

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace aludel {
namespace {

// A value, or the error's code, as a line that a table can hold.
std::string shown(const Result<JsonValue>& read) {
  if (!read) return std::string(to_string(read.error().code));
  switch (read->type) {
    case JsonValue::Type::null: return "null";
    case JsonValue::Type::integer: return "integer " + std::to_string(read->integer);
    case JsonValue::Type::real: return "real " + std::to_string(read->real);
    case JsonValue::Type::text: return "text " + std::string(read->text);
    case JsonValue::Type::boolean: return read->integer != 0 ? "true" : "false";
    case JsonValue::Type::json: return "json " + std::string(read->text);
  }
  return "";
}

std::string read(std::string_view json, std::string_view pointer) {
  JsonDocument document;
  if (const auto parsed = document.parse(json, 0); !parsed) {
    return std::string(to_string(parsed.error().code));
  }
  return shown(document.at(pointer));
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("a JSON value is read by pointer, exactly and with its type") {
  struct Row {
    std::string_view json;
    std::string_view pointer;
    std::string_view expected;
  };
  const Row rows[] = {
      {R"({"a":1})", "/a", "integer 1"},
      {R"({"a":-9223372036854775808})", "/a", "integer -9223372036854775808"},
      {R"({"a":9223372036854775807})", "/a", "integer 9223372036854775807"},
      {R"({"a":9223372036854775808})", "/a", "json 9223372036854775808"},
      {R"({"a":-9223372036854775809})", "/a", "json -9223372036854775809"},
      {R"({"a":123456789012345678901234567890 })", "/a", "json 123456789012345678901234567890"},
      {R"({"a":123456789012345678901234567890,"b":2})", "/b", "integer 2"},
      {R"({"a":-0})", "/a", "integer 0"},
      {R"({"a":0.5})", "/a", "real 0.500000"},
      {R"({"a":1e2})", "/a", "real 100.000000"},
      {R"({"a":1.0})", "/a", "real 1.000000"},
      {R"({"a":1E+2})", "/a", "real 100.000000"},
      {R"({"a":1e400})", "/a", "json 1e400"},
      {R"({"a":1e-400})", "/a", "json 1e-400"},
      {R"({"a":true,"b":false,"c":null})", "/a", "true"},
      {R"({"a":true,"b":false,"c":null})", "/b", "false"},
      {R"({"a":true,"b":false,"c":null})", "/c", "null"},
      {R"({"a":"x"})", "/a", "text x"},
      {R"({"a":""})", "/a", "text "},
      {R"({"a":"q\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})", "/a", "text q\"\\/\b\f\n\r\t\u00e9\U0001F600"},
      {R"({"a":"x\u0000y"})", "/a", "text x\0y"sv},
      {R"({"a": {"b" : [ 1.10, 2 ] } , "c":3})", "/a", R"(json {"b" : [ 1.10, 2 ] })"},
      {R"({"a": {"b" : [ 1.10, 2 ] } , "c":3})", "/a/b", "json [ 1.10, 2 ]"},
      {R"({"a": {"b" : [ 1.10, 2 ] } , "c":3})", "/a/b/1", "integer 2"},
      {R"({"a": {"b" : [ 1.10, 2 ] } , "c":3})", "/c", "integer 3"},
      {R"({"a":{}, "b":[]})", "/a", "json {}"},
      {R"({"a":{}, "b":[]})", "/b", "json []"},
      {R"( {"a":1} )", "", R"(json {"a":1})"},
      {"[1,[2,3]]", "/1/0", "integer 2"},
      {"[1,[2,3]]", "", "json [1,[2,3]]"},
      {"7", "", "integer 7"},
      {" \"s\" ", "", "text s"},
      {"null", "", "null"},
      {" true", "", "true"},
      {"12345678901234567890123", "", "json 12345678901234567890123"},
      {R"({"a":1,"a":2})", "/a", "integer 1"},
      {R"({"":1,"a":{"":2}})", "/", "integer 1"},
      {R"({"":1,"a":{"":2}})", "/a/", "integer 2"},
      {R"({"a/b":1,"m~n":2,"~1":3})", "/a~1b", "integer 1"},
      {R"({"a/b":1,"m~n":2,"~1":3})", "/m~0n", "integer 2"},
      {R"({"a/b":1,"m~n":2,"~1":3})", "/~01", "integer 3"},
      {R"({"\u0061":1})", "/a", "integer 1"},
      {R"({"0":1})", "/0", "integer 1"},
      {R"({"-":1})", "/-", "integer 1"},
      {R"({"a b":1})", "/a b", "integer 1"},
      // What is not there.
      {R"({"a":1})", "/b", "not_found"},
      {R"({"a":1})", "/a/b", "not_found"},
      {R"({"a":1})", "/", "not_found"},
      {R"({"a":"x"})", "/a/0", "not_found"},
      {"[1,2]", "/2", "not_found"},
      {"[1,2]", "/-", "not_found"},
      {"[1,2]", "/01", "not_found"},
      {"[1,2]", "/00", "not_found"},
      {"[1,2]", "/+1", "not_found"},
      {"[1,2]", "/1x", "not_found"},
      {"[1,2]", "/", "not_found"},
      {"[1,2]", "/18446744073709551616", "not_found"},
      {"[]", "/0", "not_found"},
      {"7", "/a", "not_found"},
      // What is no pointer.
      {R"({"a":1})", "a", "invalid"},
      {R"({"a":1})", "/a~", "invalid"},
      {R"({"a":1})", "/a~2", "invalid"},
      {R"({"a":1})", "#/a", "invalid"},
      {"7", "x", "invalid"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.json);
    CAPTURE(row.pointer);
    CHECK(read(row.json, row.pointer) == row.expected);
  }
}

TEST_CASE("text that is not JSON is refused whole, wherever the fault is") {
  const std::string_view texts[] = {
      "",
      " ",
      "{",
      "}",
      "[1",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1,,2]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\" 1}",
      "{a:1}",
      "{'a':1}",
      "{1:2}",
      "{,}",
      "{\"a\":1,}",
      "{} {}",
      "[] 1",
      "1 2",
      "\"a\" \"b\"",
      "nul",
      "nulx",
      "nullx",
      "truex",
      "True",
      "tru",
      "falsey",
      "01",
      "-",
      "+1",
      "1.",
      ".5",
      "1e",
      "1e+",
      "--1",
      "0x10",
      "1_000",
      "NaN",
      "Infinity",
      "\"a",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\n\"",
      "\"\xff\"",
      "[\"\\q\"]",
      "{\"\\q\":1}",
      "[1}",
      "{\"a\":1]",
      "{\"a\":1,\"b\":01}",
      "[1]]",
      "//\n1",
      "\xef\xbb\xbf{}",
      "{\"a\":\"\\ud800\"}",
      "[1,2",
  };
  for (const auto text : texts) {
    CAPTURE(text);
    CHECK(read(text, "") == "invalid");
  }
}

TEST_CASE("a fault behind the value that is asked for is found") {
  CHECK(read(R"({"a":1,"b":nul})", "/a") == "invalid");
  CHECK(read(R"({"a":1,"b":[1,{"c":tru}]})", "/a") == "invalid");
}

TEST_CASE("JSON is read to its greatest depth and no deeper") {
  CHECK(read(nested(limits::json_depth_max), "/0").substr(0, 5) == "json ");
  CHECK(read(nested(limits::json_depth_max + 1), "") == "invalid");
  CHECK(read(nested(1'000'000), "") == "invalid");
}

TEST_CASE("a document is read again and again, and parsed anew") {
  JsonDocument document;
  REQUIRE(document.parse(R"({"a":"first","b":"second"})", 0));
  for (int i = 0; i < 3; ++i) {
    CHECK(shown(document.at("/b")) == "text second");
    CHECK(shown(document.at("/none")) == "not_found");
    CHECK(shown(document.at("/a")) == "text first");
  }
  REQUIRE_FALSE(document.parse("{", 0));
  REQUIRE(document.parse("[3]", 0));
  CHECK(shown(document.at("/0")) == "integer 3");
}

TEST_CASE("a text with 64 readable bytes behind it is used in place") {
  std::string bytes = R"({"a":5,"b":"x"})";
  const auto size = bytes.size();
  bytes.append(64, '"');
  JsonDocument document;
  REQUIRE(document.parse(std::string_view(bytes).substr(0, size), 64));
  CHECK(shown(document.at("/b")) == "text x");
  bytes[5] = '6';
  CHECK(shown(document.at("/a")) == "integer 6");
}

TEST_CASE("a value's text is followed by a NUL") {
  JsonDocument document;
  REQUIRE(document.parse(R"({"a":"xyz","b":[1],"c":1})", 0));
  CHECK(std::strlen(document.at("/a")->text.data()) == 3);
  CHECK(std::strlen(document.at("/b")->text.data()) == 3);
  CHECK(document.at("/c")->text.data() != nullptr);
}

TEST_CASE("too large a text is over a limit, not malformed") {
  CHECK(read(std::string(limits::json_text_max + 1, ' '), "") == "limit");
}

TEST_CASE("what simdjson's own parser takes or leaves, a document takes or leaves") {
  const std::string seeds[] = {
      R"({"a":[1,2.5,-3e4,{"b":null,"c":true}],"d":"x\u00e9\n","e":false})",
      R"([[],{},"",0,-1,"\ud83d\ude00",[[1]]])",
      R"( "scalar" )",
      R"(-12.5e3)",
  };
  std::mt19937 random(20240229);
  const std::string alphabet = "{}[],:\"\\0123456789.eE+-truefalsn \t\xc3\xa9";
  simdjson::dom::parser reference;
  JsonDocument document;
  for (const auto& seed : seeds) {
    for (int round = 0; round < 5'000; ++round) {
      auto text = seed;
      for (auto changes = 1 + random() % 3; changes > 0 && !text.empty(); --changes) {
        const auto at = random() % text.size();
        switch (random() % 3) {
          case 0: text[at] = alphabet[random() % alphabet.size()]; break;
          case 1: text.erase(at, 1); break;
          default: text.insert(at, 1, alphabet[random() % alphabet.size()]); break;
        }
      }
      const auto error = reference.parse(text).error();
      const bool parsed = document.parse(text, 0).has_value();
      CAPTURE(text);
      // simdjson's own parser has no place for numbers beyond 64 bits.
      if (error == simdjson::NUMBER_ERROR) continue;
      CHECK(parsed == (error == simdjson::SUCCESS));
    }
  }
}

TEST_CASE("a string is written as JSON with everything escaped that must be") {
  CHECK(json_string("a\"\\\n\x01z"sv) == R"("a\"\\\n\u0001z")");
  CHECK(json_string("\u00e9") == "\"\u00e9\"");
  CHECK(json_string("a\xffz") == "\"a\ufffdz\"");
  CHECK(json_string("") == "\"\"");
}

}  // namespace aludel
