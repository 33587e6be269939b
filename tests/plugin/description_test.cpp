// SPDX-License-Identifier: MIT
#include "plugin/description.hpp"

#include <doctest/doctest.h>

#include "plugin/description_json.hpp"
#include "plugin/refusal.hpp"
#include "support/result_printing.hpp"

namespace aludel {
namespace {

using Kind = Subscription::Kind;

LibraryDescription with_handlers(const std::string& path, const std::vector<std::string>& ids) {
  LibraryDescription library;
  library.path = path;
  for (const auto& id : ids) {
    library.handlers.emplace_back();
    library.handlers.back().id = id;
  }
  return library;
}

}  // namespace

TEST_CASE("a subscription matches its type, its prefix, or all") {
  CHECK(Subscription{Kind::exact, "deposit"}.matches("deposit"));
  CHECK_FALSE(Subscription{Kind::exact, "deposit"}.matches("deposits"));
  CHECK_FALSE(Subscription{Kind::exact, "deposit"}.matches("Deposit"));
  CHECK(Subscription{Kind::prefix, "order."}.matches("order.placed"));
  CHECK(Subscription{Kind::prefix, "order."}.matches("order."));
  CHECK_FALSE(Subscription{Kind::prefix, "order."}.matches("order"));
  CHECK(Subscription{Kind::all, ""}.matches("anything"));
  CHECK(matches_any({{Kind::exact, "a"}, {Kind::prefix, "b"}}, "bc"));
  CHECK_FALSE(matches_any({{Kind::exact, "a"}, {Kind::prefix, "b"}}, "ca"));
  CHECK_FALSE(matches_any({}, "a"));
}

TEST_CASE("a handler id in two files is refused, and both are named") {
  const auto errors =
      duplicate_handlers({with_handlers("/p/a.so", {"x.one", "x.two"}), with_handlers("/p/b.so", {"x.three"}),
                          with_handlers("/p/c.so", {"x.two"})});
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].reason == refusal::duplicate_handler_id);
  CHECK(errors[0].message ==
        "refuse /p/c.so: its handler x.two is in /p/a.so too: remove one of the two files");
}

TEST_CASE("a description is the same after its way through JSON") {
  auto library = with_handlers("/p/a.so", {"x.one", "x.two"});
  library.abi_minor_built = 3;
  library.abi_minor_required = 2;
  auto& handler = library.handlers[1];
  handler.name = "quote \" and \n line";
  handler.version = "1.0";
  handler.vendor = "v";
  handler.description = "caf\u00e9";
  handler.config_schema = "{}";
  handler.flags = 0xffffffff;
  handler.projection_version = 4'000'000'000;
  handler.subscriptions = {{Kind::exact, "a"}, {Kind::prefix, "b."}, {Kind::all, ""}};
  handler.has_validate = true;
  handler.has_on_error = true;
  const auto read = inspection_from_json(inspection_to_json(library));
  REQUIRE(read);
  REQUIRE(*read);
  CHECK(**read == library);
}

TEST_CASE("a refusal is the same after its way through JSON") {
  const auto read =
      inspection_from_json(inspection_to_json(refusal::error("/p/a.so", refusal::no_entry, "text")));
  REQUIRE(read);
  REQUIRE_FALSE(*read);
  CHECK(read->error().reason == refusal::no_entry);
  CHECK(read->error().message == "refuse /p/a.so: text");
}

TEST_CASE("whatever else is no inspection's result") {
  for (const auto* text :
       {"", "x", "null", "[]", "{}", R"({"reason":1})", R"({"reason":"r"})",
        R"({"path":"p","abi_minor_built":0,"abi_minor_required":0,"handlers":[{}]})",
        R"({"path":"p","abi_minor_built":-1,"abi_minor_required":0,"handlers":[]})",
        R"({"path":"p","abi_minor_built":4294967296,"abi_minor_required":0,"handlers":[]})"}) {
    CAPTURE(text);
    CHECK_FALSE(inspection_from_json(text));
  }
}

}  // namespace aludel
