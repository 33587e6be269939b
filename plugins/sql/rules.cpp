// SPDX-License-Identifier: MIT
#include "rules.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "statements.hpp"

namespace sql_handler {

namespace {

using Kind = Source::Kind;

/// Parameters by name, without the colon.
using Sources = std::map<std::string, Source, std::less<>>;

const Sources& built_in() {
  static const Sources sources{{"id", {Kind::id, {}}},         {"type", {Kind::type, {}}},
                               {"source", {Kind::source, {}}}, {"key", {Kind::key, {}}},
                               {"time", {Kind::time, {}}},     {"data", {Kind::data, {}}}};
  return sources;
}

[[noreturn]] void refuse(const std::string& place, const std::string& fault) {
  throw aludel::fail("bad_config", place + " " + fault);
}

std::string element(const std::string& array, std::size_t index) {
  return array + "[" + std::to_string(index) + "]";
}

// The strings of the array at `pointer`.
std::vector<std::string> read_strings(const aludel::Config& config, std::string_view pointer) {
  std::vector<std::string> strings;
  for (const std::string& text : config.elements(pointer))
    strings.push_back(config.within(text).json<std::string>(""));
  return strings;
}

bool is_parameter_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_good);
}

// RFC 6901: empty, or references that begin with "/", in which "~" is "~0" and "/" is "~1".
bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    const auto escaped = text.substr(at + 1, 1);
    if (escaped != "0" && escaped != "1") return false;
  }
  return true;
}

// Adds the parameters that the table `key` of a rule declares.
void read_parameters(const aludel::Config& rule, const std::string& place, const std::string& key, Kind kind,
                     Sources& sources) {
  const std::string table = place + "." + key + ".";
  const std::string members = "/" + key + "/";
  for (const std::string& name : rule.keys("/" + key)) {
    const std::string where = table + name;
    if (!is_parameter_name(name)) refuse(where, "is no name for a parameter: use letters, digits and _");
    if (built_in().count(name) != 0)
      refuse(where, "hides what :" + name + " is of every event: choose another name");
    if (sources.count(name) != 0) refuse(where, "stands in params as well: keep one of them");
    auto pointer = rule.json<std::string>(members + name);
    if (!is_json_pointer(pointer))
      refuse(where,
             "\"" + pointer + "\" is no JSON pointer: write one such as \"/amount\" or \"/lines/0/sku\"");
    sources.emplace(name, Source{kind, std::move(pointer)});
  }
}

std::string list_of(const Sources& declared) {
  std::string text;
  for (const Sources* sources : {&declared, &built_in()}) {
    for (const auto& [name, source] : *sources)
      text += (text.empty() ? ":" : ", :") + name;
  }
  return text;
}

const Source& source_of(std::string_view parameter, const Sources& declared, const std::string& place) {
  if (parameter.front() != ':')
    refuse(place, "has the parameter " + std::string(parameter) + ": write it as a name, such as :amount");
  const auto name = parameter.substr(1);
  for (const Sources* sources : {&declared, &built_in()}) {
    const auto found = sources->find(name);
    if (found != sources->end()) return found->second;
  }
  refuse(place, "has the unknown parameter " + std::string(parameter) +
                    ": declare it in params, or use one of " + list_of(declared));
}

void refuse_unused(const Sources& declared, const std::vector<ScriptStatement>& script,
                   const std::string& place) {
  for (const auto& [name, source] : declared) {
    const auto uses = [parameter = ":" + name](const ScriptStatement& statement) {
      const auto& all = statement.parameters;
      return std::find(all.begin(), all.end(), parameter) != all.end();
    };
    if (std::any_of(script.begin(), script.end(), uses)) continue;
    std::string where = place;
    where.append(source.kind == Kind::optional_field ? ".optional." : ".params.").append(name);
    refuse(where, "is used by no statement: write :" + name + " in sql, or remove it");
  }
}

// VACUUM can be prepared, but runs in no transaction, and an event's statements are always in one.
bool is_vacuum(std::string_view statement) {
  constexpr std::string_view word = "vacuum";
  if (statement.size() > word.size() && is_parameter_name(statement.substr(word.size(), 1))) return false;
  const auto is_same = [](char lower, char any) { return lower == (any | 0x20); };
  return statement.size() >= word.size() && std::equal(word.begin(), word.end(), statement.begin(), is_same);
}

std::vector<Statement> read_statements(const aludel::Config& rule, const std::string& place,
                                       const Sources& declared) {
  const auto text = rule.json<std::string>("/sql");
  const auto expect_rows = rule.find<std::uint32_t>("/expect_rows");
  const auto script = split_script(text);
  if (script.empty()) refuse(place + ".sql", "holds no statement");
  std::vector<Statement> statements;
  for (const ScriptStatement& part : script) {
    Statement statement;
    statement.place = place + ".sql";
    if (script.size() > 1) statement.place += ", statement " + std::to_string(statements.size() + 1) + ",";
    if (is_vacuum(part.text)) refuse(statement.place, "holds VACUUM, which cannot run in a transaction");
    statement.text = part.text;
    if (expect_rows) statement.expect_rows = *expect_rows;
    for (const std::string_view parameter : part.parameters)
      statement.parameters.push_back(source_of(parameter, declared, statement.place));
    statements.push_back(std::move(statement));
  }
  refuse_unused(declared, script, place);
  return statements;
}

std::vector<aludel::Subscription> read_types(const aludel::Config& rule, const std::string& place) {
  std::vector<aludel::Subscription> types;
  for (const std::string& type : read_strings(rule, "/types")) {
    if (type.empty())
      refuse(element(place + ".types", types.size()), "is empty: write a type, \"prefix*\" or \"*\"");
    types.emplace_back(type);
  }
  return types;
}

}  // namespace

bool Rule::wants(std::string_view type) const {
  return std::any_of(types.begin(), types.end(),
                     [&](const aludel::Subscription& wanted) { return wanted.matches(type); });
}

std::vector<std::string> read_migrations(const aludel::Config& config) {
  return read_strings(config, "/migrations");
}

std::vector<Rule> read_rules(const aludel::Config& config) {
  std::vector<Rule> rules;
  for (const std::string& text : config.elements("/on")) {
    const aludel::Config rule = config.within(text);
    const std::string place = element("config.on", rules.size());
    Sources declared;
    read_parameters(rule, place, "params", Kind::field, declared);
    read_parameters(rule, place, "optional", Kind::optional_field, declared);
    rules.push_back({read_types(rule, place), read_statements(rule, place, declared)});
  }
  return rules;
}

}  // namespace sql_handler
