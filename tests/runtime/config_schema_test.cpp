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
    "deep": {"type": "object", "properties": {"on": {"type": "boolean"}}}
  }})";

std::string fault(std::string_view config) {
  return config_fault(schema, config).value_or("");
}

}  // namespace

TEST_CASE("a config that fits its schema is good") {
  CHECK(fault(R"({"url":"x"})").empty());
  CHECK(fault(R"({"url":"x","limit":10,"ratio":0.5,"mode":"safe","deep":{"on":true,"other":1}})").empty());
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
  CHECK_FALSE(config_fault(schema, "no json"));
}

}  // namespace aludel
