// SPDX-License-Identifier: MIT
#include "runtime/config_schema.hpp"

#include "support/result_printing.hpp"

namespace aludel {

namespace {

constexpr auto schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["url"],
  "properties": {
    "url": {"type": "string"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10},
    "ratio": {"type": ["number", "null"]},
    "mode": {"enum": ["fast", "safe", 3]},
    "deep": {"type": "object", "properties": {"on": {"type": "boolean"}}},
    "named": {"additionalProperties": {"type": "string"}, "properties": {"n": {"type": "integer"}}},
    "words": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
    "rules": {"items": {"type": "object", "additionalProperties": false, "required": ["sql"],
                        "properties": {"sql": {"type": "string"}, "types": {"minItems": 2}}}}
  }})";

std::string fault(std::string_view config) {
  return config_fault(schema, config).value_or("");
}

}  // namespace

TEST_CASE("a config that fits its schema is good") {
  CHECK(fault(R"({"url":"x"})").empty());
  CHECK(fault(R"({"url":"x","limit":10,"ratio":0.5,"mode":"safe","deep":{"on":true,"other":1}})").empty());
  CHECK(fault(R"({"url":"x","words":["a","b"],"rules":[],"named":{"n":1,"a":"b"}})").empty());
  CHECK(fault(R"({"url":"x","words":["a"],"rules":[{"sql":"a"},{"sql":"b","types":[1,2]}]})").empty());
  CHECK(fault(R"({"url":"x","limit":2.0,"ratio":null,"mode":3,"deep":{}})").empty());
}

TEST_CASE("what does not fit is named with what would") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", R"(config lacks the key "url", which the handler requires)"},
      {R"({"urll":"x"})", R"(config has the unknown key "urll"; did you mean "url"?)"},
      {R"({"url":5})", R"(config.url must be string, not 5)"},
      {R"({"url":"x","limit":"ten"})", R"(config.limit must be integer, not "ten")"},
      {R"({"url":"x","limit":1.5})", R"(config.limit must be integer, not 1.5E0)"},
      {R"({"url":"x","limit":0})", R"(config.limit must be at least 1, not 0)"},
      {R"({"url":"x","limit":11})", R"(config.limit must be at most 10, not 11)"},
      {R"({"url":"x","ratio":"x"})", R"(config.ratio must be number or null, not "x")"},
      {R"({"url":"x","mode":"slow"})", R"(config.mode must be "fast" or "safe" or 3, not "slow")"},
      {R"({"url":"x","deep":{"on":1}})", R"(config.deep.on must be boolean, not 1)"},
      {R"({"url":"x","named":{"n":1,"a":"b","c":2}})", R"(config.named.c must be string, not 2)"},
      {R"({"url":"x","words":"a"})", R"(config.words must be array, not "a")"},
      {R"({"url":"x","words":[]})", R"(config.words must have at least 1 item, not 0)"},
      {R"({"url":"x","words":["a","b","c"]})", R"(config.words must have at most 2 items, not 3)"},
      {R"({"url":"x","words":["a",7]})", R"(config.words[1] must be string, not 7)"},
      {R"({"url":"x","rules":[{"sql":"a"},{"sq":"b"}]})",
       R"(config.rules[1] has the unknown key "sq"; did you mean "sql"?)"},
      {R"({"url":"x","rules":[{}]})", R"(config.rules[0] lacks the key "sql", which the handler requires)"},
      {R"({"url":"x","rules":[{"sql":"a","types":[1]}]})",
       R"(config.rules[0].types must have at least 2 items, not 1)"},
  };
  for (const auto& [config, words] : cases)
    CHECK(fault(config) == words);
}

TEST_CASE("what is not known of a schema is passed over") {
  for (const auto* passed :
       {"", "nonsense", "[]", "{}", R"({"type":5})", R"({"type":"tuple"})", R"({"properties":[]})",
        R"({"required":"a"})", R"({"additionalProperties":{}})", R"({"enum":1})", R"({"type":[],"oneOf":[]})",
        R"({"minimum":"1"})", R"({"additionalProperties":false,"patternProperties":{"a":{}}})"})
    CHECK_FALSE(config_fault(passed, R"({"a":1})"));
  CHECK_FALSE(config_fault(R"({"items":5,"minItems":"1","maxItems":[]})", "[1]"));
  CHECK_FALSE(config_fault(schema, "no json"));
}

}  // namespace aludel
