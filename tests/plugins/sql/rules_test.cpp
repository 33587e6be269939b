// SPDX-License-Identifier: MIT
#include "rules.hpp"

#include <doctest/doctest.h>

#include "abi/fake_host.hpp"

namespace sql_handler {

namespace {

/// A config, as the host hands it to create().
struct Given {
  explicit Given(std::string json) : text(std::move(json)) { host.enter(ALUDEL_STAGE_CREATE); }

  [[nodiscard]] std::vector<Rule> rules() { return read_rules({host.call(), text}); }
  [[nodiscard]] std::string fault() {
    try {
      (void)rules();
    } catch (const aludel::fail& error) {
      return error.code() + ": " + error.message();
    }
    return "none";
  }

  std::string text;
  abi_test::FakeHost host;
};

std::string fault_of(const std::string& rule) {
  return Given(R"({"on": [{"types": ["*"], "sql": "select 1"}, {"types": ["a"], )" + rule + "}]}").fault();
}

}  // namespace

TEST_CASE("a rule is read with its types, its statements and where their parameters come from") {
  const auto rules = Given(R"json({"on": [
        {"types": ["order.*", "b"], "params": {"n": "/n", "whole": ""}, "optional": {"note": "/a~1b/0"},
         "sql": "insert into t values (:note, :n, :id, :n); delete from t where a = :whole", "expect_rows": 2},
        {"types": ["*"], "sql": "insert into u values (:type, :source, :key, :time, :data)"}]})json")
                         .rules();
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].wants("order.paid"));
  CHECK(rules[0].wants("b"));
  CHECK_FALSE(rules[0].wants("order"));
  CHECK(rules[1].wants("order"));
  REQUIRE(rules[0].statements.size() == 2);
  const Statement& first = rules[0].statements[0];
  CHECK(first.place == "config.on[0].sql, statement 1,");
  CHECK(first.text == "insert into t values (:note, :n, :id, :n)");
  CHECK(first.expect_rows == 2);
  REQUIRE(first.parameters.size() == 3);
  CHECK((first.parameters[0].kind == Source::Kind::optional_field));
  CHECK(first.parameters[0].pointer == "/a~1b/0");
  CHECK((first.parameters[1].kind == Source::Kind::field));
  CHECK(first.parameters[1].pointer == "/n");
  CHECK((first.parameters[2].kind == Source::Kind::id));
  const Statement& second = rules[0].statements[1];
  CHECK(second.expect_rows == 2);
  REQUIRE(second.parameters.size() == 1);
  CHECK(second.parameters[0].pointer.empty());
  REQUIRE(rules[1].statements.size() == 1);
  CHECK(rules[1].statements[0].place == "config.on[1].sql");
  CHECK_FALSE(rules[1].statements[0].expect_rows);
  std::vector<Source::Kind> kinds;
  for (const Source& source : rules[1].statements[0].parameters)
    kinds.push_back(source.kind);
  CHECK((kinds == std::vector{Source::Kind::type, Source::Kind::source, Source::Kind::key, Source::Kind::time,
                              Source::Kind::data}));
}

TEST_CASE("a rule that means nothing is refused with its place and what to do") {
  struct Case {
    const char* rule;
    const char* fault;
  };
  const Case cases[] = {
      {R"("sql": "select :a", "params": {"a": "/a"})", "none"},
      {R"("sql": "select :a, :b", "params": {"a": "/a"})",
       "bad_config: config.on[1].sql has the unknown parameter :b: declare it in params, or use one of :a, "
       ":data, "
       ":id, :key, :source, :time, :type"},
      {R"("sql": "select :A", "params": {"A": "", "a": ""})",
       "bad_config: config.on[1].params.a is used by no statement: write :a in sql, or remove it"},
      {R"("sql": "select @id")",
       "bad_config: config.on[1].sql has the parameter @id: write it as a name, such as :amount"},
      {R"("sql": "select :amont", "params": {"amount": "/amount"})",
       "bad_config: config.on[1].sql has the unknown parameter :amont: declare it in params, or use one of "
       ":amount, "
       ":data, :id, :key, :source, :time, :type"},
      {R"("sql": "select :a::b", "params": {"a": "/a"})",
       "bad_config: config.on[1].sql has the unknown parameter :a::b: declare it in params, or use one of "
       ":a, :data, "
       ":id, :key, :source, :time, :type"},
      {R"("sql": "select 1", "params": {"": "/a"})",
       "bad_config: config.on[1].params. is no name for a parameter: use letters, digits and _"},
      {R"("sql": "select 1", "optional": {"\u00e9": "/a"})",
       "bad_config: config.on[1].optional.\xc3\xa9 is no name for a parameter: use letters, digits and _"},
      {R"("sql": "select :a", "params": {"a": "/a~"})",
       R"(bad_config: config.on[1].params.a "/a~" is no JSON pointer: write one such as "/amount" or "/lines/0/sku")"},
      {R"("sql": "select :a", "params": {"a": "/a~0~1"})", "none"},
      {R"("sql": "select 1; VaCuum into 'f'")",
       "bad_config: config.on[1].sql, statement 2, holds VACUUM, which cannot run in a transaction"},
      {R"("sql": "vacuums")", "none"},
      {R"("sql": "/* none */")", "bad_config: config.on[1].sql holds no statement"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.rule);
    CHECK(fault_of(c.rule) == c.fault);
  }
  for (const char* name : {"id", "type", "source", "key", "time", "data"}) {
    const std::string quoted = name;
    CHECK(fault_of(R"("sql": "select 1", "params": {")" + quoted + R"(": "/a"})") ==
          "bad_config: config.on[1].params." + quoted + " hides what :" + quoted +
              " is of every event: choose another name");
  }
}

TEST_CASE("migrations are read in their order") {
  Given given(R"json({"migrations": ["create table t (a)", "", "create table u (a); -- \"]"]})json");
  const aludel::Config config(given.host.call(), given.text);
  CHECK(read_migrations(config) ==
        std::vector<std::string>{"create table t (a)", "", "create table u (a); -- \"]"});
}

}  // namespace sql_handler
