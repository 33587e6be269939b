// SPDX-License-Identifier: MIT
#include "runtime/plan.hpp"

#include <aludel/plugin.h>
#include <string>

#include "support/result_printing.hpp"

namespace aludel {

namespace {

Subscription exact(std::string type) {
  return {Subscription::Kind::exact, std::move(type)};
}

HandlerDescription handler(std::string id, std::string schema = "") {
  HandlerDescription description;
  description.id = std::move(id);
  description.config_schema = std::move(schema);
  description.subscriptions = {exact("deposit"), {Subscription::Kind::prefix, "order."}};
  return description;
}

InspectedPlugin plugin(const std::string& file, std::vector<HandlerDescription> handlers) {
  LibraryDescription library;
  library.path = file;
  library.handlers = std::move(handlers);
  return {file, library};
}

Config config(std::string_view text) {
  auto parsed = parse_config(text, "aludel.toml");
  REQUIRE(parsed);
  return *parsed;
}

// Names and files of what is planned, reasons of what is refused.
std::string told(const Result<Plan>& plan) {
  if (!plan) return "error: " + plan.error().message;
  std::string out;
  for (const auto& p : plan->processors)
    out += p.config.name + "=" + p.handler.id + "@" + p.library.string() + " ";
  for (const auto& r : plan->refused)
    out += r.name + " refused: " + r.error.message;
  return out;
}

}  // namespace

TEST_CASE(
    "without configured processors every handler that needs no config gets one, named by its id's last "
    "part") {
  const std::vector<InspectedPlugin> plugins{
      plugin("p/a.so", {handler("org.aludel.tally"), handler("org.needs.it", R"({"required":["url"]})")}),
      {"p/bad.so", Error(ErrorCode::refused, "no entry")},
      plugin("p/b.so", {handler("org.aludel.ledger", R"({"required":[]})")})};
  CHECK(told(make_plan(config(""), plugins)) ==
        "ledger=org.aludel.ledger@p/b.so tally=org.aludel.tally@p/a.so ");
}

TEST_CASE("two handlers of one name start neither, and the lines to write are said") {
  const std::vector<InspectedPlugin> plugins{plugin("a.so", {handler("org.one.ledger")}),
                                             plugin("b.so", {handler("org.two.ledger")})};
  const auto plan = make_plan(config(""), plugins);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == ErrorCode::invalid);
  CHECK(plan.error().message ==
        "the handlers org.one.ledger (a.so) and org.two.ledger (b.so) would both be the processor "
        "\"ledger\"; write into "
        "aludel.toml, each on a line of its own: `[processor.ledger]`, `handler = \"org.one.ledger\"`, "
        "`[processor.ledger-2]`, `handler = \"org.two.ledger\"`");
  // Wherever the file ends.
  const auto chosen = config(
      "[host]\nlog_level = \"info\"\n[processor.ledger]\nhandler = \"org.one.ledger\"\n"
      "[processor.ledger-2]\nhandler = \"org.two.ledger\"");
  CHECK(told(make_plan(chosen, plugins)) == "ledger=org.one.ledger@a.so ledger-2=org.two.ledger@b.so ");
}

TEST_CASE("one handler in two files starts neither, and a file is to be chosen") {
  const std::vector<InspectedPlugin> plugins{plugin("p/a.so", {handler("org.one.ledger")}),
                                             plugin("p/b.so", {handler("org.one.ledger")})};
  CHECK(told(make_plan(config(""), plugins)).find("`[processor.ledger]`, `plugin = \"p/a.so\"`") !=
        std::string::npos);
  CHECK(told(make_plan(config("processor.ledger.plugin = \"p/a.so\""), plugins)) ==
        "ledger=org.one.ledger@p/a.so ");
  CHECK(told(make_plan(config("processor.ledger.plugin = \"b.so\""), plugins)) ==
        "ledger=org.one.ledger@p/b.so ");
}

TEST_CASE("a config with processors runs only those") {
  const std::vector<InspectedPlugin> plugins{
      plugin("a.so", {handler("org.one.ledger"), handler("org.one.tally")})};
  CHECK(told(make_plan(config("[processor.books]\nhandler = \"org.one.ledger\""), plugins)) ==
        "books=org.one.ledger@a.so ");
}

TEST_CASE("a pinned processor runs the file with that digest or none") {
  const std::string digest(64, 'a');
  auto there = plugin("p/a.so", {handler("org.aludel.tally")});
  const auto pinned = config("[processor.x]\nhandler = \"org.aludel.tally\"\nsha256 = \"" + digest + "\"");
  there.sha256 = digest;
  CHECK(told(make_plan(pinned, {there})) == "x=org.aludel.tally@p/a.so ");
  there.sha256 = std::string(64, 'b');
  CHECK(told(make_plan(pinned, {there})) ==
        "x refused: refuse p/a.so: it is not the file that sha256 pins: its SHA-256 digest is " +
            there.sha256);
}

TEST_CASE("a processor that cannot be served is refused with the reason, and the others stand") {
  const std::vector<InspectedPlugin> plugins{
      plugin("p/a.so", {handler("org.one.ledger"), handler("org.one.tally")}),
      plugin("p/b.so", {handler("org.one.tally")}),
      {"p/bad.so", Error(ErrorCode::refused, "load p/bad.so: no entry")}};
  const std::pair<const char*, const char*> cases[] = {
      {"handler = \"org.one.leger\"",
       "no plugin has the handler \"org.one.leger\"; did you mean \"org.one.ledger\"?; one file that was "
       "found "
       "is refused: load p/bad.so: no entry"},
      {"handler = \"org.one.tally\"",
       "both p/a.so and p/b.so have the handler \"org.one.tally\"; choose by a path in plugin ="},
      {"plugin = \"a.so\"",
       "p/a.so has several handlers, such as \"org.one.ledger\" and \"org.one.tally\"; choose by handler ="},
      {"plugin = \"c.so\"", "no plugin folder holds c.so"},
      {"plugin = \"bad.so\"", "load p/bad.so: no entry"},
      {"plugin = \"b.so\"\nhandler = \"org.one.ledger\"", "p/b.so has no handler \"org.one.ledger\""},
      {"handler = \"org.one.ledger\"\ntypes = [\"deposit\", \"withdrawal\"]",
       "types of [processor.x] names \"withdrawal\", to which org.one.ledger does not subscribe"},
      {"handler = \"org.one.ledger\"\ntypes = [\"ord.*\"]", "names \"ord.*\", to which"},
  };
  for (const auto& [lines, words] : cases) {
    const auto plan = make_plan(
        config("[processor.a]\nhandler = \"org.one.ledger\"\n[processor.x]\n" + std::string(lines)), plugins);
    CAPTURE(told(plan));
    REQUIRE(plan);
    CHECK(plan->processors.size() == 1);
    REQUIRE(plan->refused.size() == 1);
    CHECK(plan->refused[0].error.message.find(words) != std::string::npos);
  }
  const auto wanted = config("[processor.x]\nhandler = \"a.b\"");
  const InspectedPlugin refused{"p/bad.so",
                                Error(ErrorCode::refused, "refuse p/bad.so: others can write to it")};
  CHECK(told(make_plan(wanted, {refused})) ==
        "x refused: no plugin has the handler \"a.b\"; one file that was found is refused: p/bad.so: others "
        "can "
        "write to it");
  CHECK(told(make_plan(wanted, {refused, refused}))
            .find("; 2 files that were found are refused (`aludel plugin "
                  "list`), the first: p/bad.so: others") != std::string::npos);
  const auto none = make_plan(wanted, {});
  CHECK(told(none).find("name the plugins' folder in [host] plugin_dirs or with --plugin-dir") !=
        std::string::npos);
}

TEST_CASE("a config that does not fit the handler's schema refuses its processor") {
  const std::vector<InspectedPlugin> plugins{plugin(
      "a.so", {handler("org.one.ledger", R"({"required":["url"],"properties":{"url":{"type":"string"}}})")})};
  const auto plan = make_plan(config("[processor.x]\nhandler = \"org.one.ledger\""), plugins);
  REQUIRE(plan);
  REQUIRE(plan->refused.size() == 1);
  CHECK(plan->refused[0].error.reason == "bad_config");
  CHECK(plan->refused[0].error.message ==
        "config lacks the key \"url\", which the handler requires (in [processor.x])");
  CHECK(told(make_plan(config("[processor.x]\nhandler = \"org.one.ledger\"\nconfig = { url = \"u\" }"),
                       plugins)) == "x=org.one.ledger@a.so ");
  const auto none = make_plan(config(""), plugins);
  REQUIRE(none->left_out.size() == 1);
  CHECK(none->left_out[0].handler == "org.one.ledger");
}

TEST_CASE("what has no effect is said, and the processor planned without it") {
  const std::vector<InspectedPlugin> plugins{plugin("a.so", {handler("org.one.ledger")})};
  const std::string no_strategy =
      " has no effect: no strategy of the processor is \"retry\" or \"custom\"; choose one, or leave it out";
  const std::string no_retry =
      " retries nothing: a permanent failure goes to `then` of retry at once; name what is to become of it "
      "instead";
  const std::string no_sandbox = " has no effect: it is not sandboxed, so it may use it anyway";
  const std::pair<std::string, std::string> cases[] = {
      {"retry = { max_retries = 3 }", "retry of [processor.x]" + no_strategy},
      {"strategy = \"dead_letter\"\nretry = { max_retries = 3 }", "retry of [processor.x]" + no_strategy},
      {"type.deposit.retry = { max_retries = 3 }", "retry of [processor.x.type.\"deposit\"]" + no_strategy},
      {"type.other.strategy = \"retry\"",
       "[processor.x.type.\"other\"] has no effect: org.one.ledger does not subscribe to it"},
      {"types = [\"order.a\"]\ntype.\"order.b*\".strategy = \"retry\"",
       "[processor.x.type.\"order.b*\"] has no effect: types of [processor.x] leaves it out"},
      {"replay = { max_retries = 3 }",
       "replay of [processor.x] has no effect: its strategy is \"off\"; choose another, or leave it out"},
      {"on.fail = \"retry\"", "on.fail = \"retry\" of [processor.x]" + no_retry},
      {"type.deposit.on.fail = \"retry\"",
       "on.fail = \"retry\" of [processor.x.type.\"deposit\"]" + no_retry},
      {"isolation = \"thread\"\nsandbox = \"strict\"",
       "sandbox of [processor.x] has no effect: isolation = \"thread\" runs it in the host, which has none"},
      {"isolation = \"thread\"\nnetwork = true", "network of [processor.x]" + no_sandbox},
      {"sandbox = \"off\"\nnetwork = true", "network of [processor.x]" + no_sandbox},
      {"sandbox = \"strict\"\nnetwork = true", ""},
      {"strategy = \"retry\"\nretry = { max_retries = 3 }", ""},
      {"on.fail = \"custom\"\ntype.deposit.retry = { max_retries = 3 }", ""},
      {"retry = { max_retries = 3 }\ntype.\"o*\".strategy = \"retry\"", ""},
      {"replay = { max_retries = 3, strategy = \"fixed\" }", ""},
  };
  for (const auto& [lines, words] : cases) {
    auto described = plugins;
    described[0].library->handlers[0].has_on_error = true;
    const auto chosen = config("[processor.x]\nhandler = \"org.one.ledger\"\n" + lines);
    const auto plan = make_plan(chosen, described);
    CHECK(told(plan) == "x=org.one.ledger@a.so ");
    std::string found;
    for (const auto& ineffective : plan->ineffective)
      found += ineffective.name == "x" ? ineffective.what : "of another";
    CHECK(found == words);
    CHECK(make_plan(config(to_toml(chosen)), described)->ineffective.size() == plan->ineffective.size());
  }
}

TEST_CASE("types narrow a handler's subscriptions") {
  const std::vector<InspectedPlugin> plugins{plugin("a.so", {handler("org.one.ledger")})};
  for (const auto* types : {"[\"deposit\"]", "[\"order.x\"]", "[\"order.x*\"]", "[\"o*\"]", "[\"*\"]"}) {
    CHECK(told(make_plan(config("[processor.x]\nhandler = \"org.one.ledger\"\ntypes = " + std::string(types)),
                         plugins)) == "x=org.one.ledger@a.so ");
  }
  const auto subscriptions = handler("a.b").subscriptions;
  CHECK(is_wanted(subscriptions, {}, "order.new"));
  CHECK(is_wanted(subscriptions, {exact("order.new")}, "order.new"));
  CHECK_FALSE(is_wanted(subscriptions, {exact("order.new")}, "order.old"));
  CHECK_FALSE(is_wanted(subscriptions, {exact("order.new")}, "deposit"));
  CHECK_FALSE(is_wanted(subscriptions, {exact("other")}, "other"));
}

TEST_CASE("what a handler subscribes to when it is created is not known before, so types may name anything") {
  auto dynamic = handler("org.one.dynamic");
  dynamic.flags = ALUDEL_HANDLER_DYNAMIC;
  const auto chosen = config("[processor.x]\nhandler = \"org.one.dynamic\"\ntypes = [\"anything\"]");
  CHECK(told(make_plan(chosen, {plugin("a.so", {dynamic})})) == "x=org.one.dynamic@a.so ");
}

}  // namespace aludel
