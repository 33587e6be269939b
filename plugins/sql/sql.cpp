// SPDX-License-Identifier: MIT
/// A handler that is written in its config: tables, and the SQL statements that events are put through. Each
/// statement is prepared when the handler starts, so that a slip in one is found before the first event.
#include <algorithm>
#include <aludel/plugin.hpp>
#include <cctype>

#include "rules.hpp"

namespace sql_handler {
namespace {

/// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_text(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.compare(0, 5, "text/") == 0 || ends_with(type, "/json") || ends_with(type, "+json");
}

/// Of the event's data. A number that no real can hold would become text where its neighbours are reals.
aludel::Value checked(aludel::Value value, const std::string& pointer) {
  const aludel_value seen = value.abi();
  if (seen.type != ALUDEL_JSON) return value;
  const std::string_view text(seen.as.bytes.data, seen.as.bytes.size);
  const bool is_number = text.front() != '{' && text.front() != '[';
  if (is_number && text.find_first_of(".eE") != std::string_view::npos)
    throw aludel::fail("out_of_range", "\"" + pointer + "\" is too large or too small for a real number");
  return value;
}

aludel::Value value_of(const Source& source, const aludel::Event& event) {
  switch (source.kind) {
    case Source::Kind::id: return aludel::Value(event.id());
    case Source::Kind::type: return aludel::Value(event.type());
    case Source::Kind::source: return aludel::Value(event.source());
    case Source::Kind::key: return event.key().empty() ? aludel::Value() : aludel::Value(event.key());
    case Source::Kind::time: return aludel::Value(event.time_ns());
    case Source::Kind::data:
      if (is_text(event.content_type())) return aludel::Value(event.data());
      return aludel::Value(aludel::Blob{event.data().data(), event.data().size()});
    case Source::Kind::field: return checked(event.json<aludel::Value>(source.pointer), source.pointer);
    case Source::Kind::optional_field:
      return checked(event.find<aludel::Value>(source.pointer).value_or(aludel::Value()), source.pointer);
  }
  return {};
}

/// Its beginning, on one line.
std::string shown(std::string_view sql) {
  constexpr std::size_t shown_max = 200;
  std::string text(sql.substr(0, shown_max));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return sql.size() > shown_max ? text + "..." : text;
}

}  // namespace

class Handler {
 public:
  explicit Handler(const aludel::Config& config)
      : migrations(read_migrations(config)), rules_(read_rules(config)) {
    for (const Rule& rule : rules_) {
      for (const aludel::Subscription& type : rule.types) {
        const auto known = std::find(subscriptions.begin(), subscriptions.end(), type);
        if (known == subscriptions.end()) subscriptions.push_back(type);
      }
    }
  }

  void start(aludel::Call& call) {
    for (const Rule& rule : rules_) {
      for (const Statement& statement : rule.statements)
        prepare(call, statement);
    }
  }

  void handle(aludel::Call& call, const aludel::Event& event) {
    for (const Rule& rule : rules_) {
      if (!rule.wants(event.type())) continue;
      for (const Statement& statement : rule.statements)
        run(call, event, statement);
    }
  }

  std::vector<std::string> migrations;
  std::vector<aludel::Subscription> subscriptions;

 private:
  static void prepare(aludel::Call& call, const Statement& statement) {
    try {
      call.sql(statement.text).prepare();
    } catch (const aludel::SqlError& error) {
      throw aludel::fail("bad_config", statement.place + " cannot be used: " + error.message());
    }
  }

  static void run(aludel::Call& call, const aludel::Event& event, const Statement& statement) {
    std::vector<aludel::Value> values;
    values.reserve(statement.parameters.size());
    for (const Source& source : statement.parameters)
      values.push_back(value_of(source, event));
    const std::int64_t changed = call.sql(statement.text).run(values);
    if (!statement.expect_rows || changed == *statement.expect_rows) return;
    // With its text, since letters are grouped by messages whose numbers are folded.
    throw aludel::fail("unexpected_rows", statement.place + " changed " + std::to_string(changed) +
                                              " rows, not " + std::to_string(*statement.expect_rows) +
                                              ": \"" + shown(statement.text) + "\"");
  }

  std::vector<Rule> rules_;
};

}  // namespace sql_handler

ALUDEL_PLUGIN(
    aludel::handler<sql_handler::Handler>("org.aludel.sql", "1.0.0")
        .named("SQL")
        .describe("A handler without code: tables, and SQL statements by event type, from its config")
        .takes(R"({
  "type": "object", "additionalProperties": false, "required": ["migrations", "on"],
  "properties": {
    "migrations": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string"},
      "description": "SQL scripts: the n-th brings the tables from version n - 1 to n"},
    "on": {"type": "array", "minItems": 1, "items": {
      "type": "object", "additionalProperties": false, "required": ["types", "sql"],
      "properties": {
        "types": {"type": "array", "minItems": 1, "items": {"type": "string"},
          "description": "event types: \"deposit\", \"order.*\", \"*\""},
        "params": {"type": "object", "additionalProperties": {"type": "string"},
          "description": "parameters by name, each a JSON pointer into the event's data"},
        "optional": {"type": "object", "additionalProperties": {"type": "string"},
          "description": "the same, but null where the data has nothing"},
        "sql": {"type": "string", "description": "one or more statements, separated by ;"},
        "expect_rows": {"type": "integer", "minimum": 0, "maximum": 4294967295,
          "description": "how many rows each statement has to change"}}}}}})"))
