// SPDX-License-Identifier: MIT
#include "plugin/refusal.hpp"

#include <set>

#include <doctest/doctest.h>

#include "plugin/library.hpp"
#include "support/result_printing.hpp"
#include "test_plugins.hpp"

namespace aludel {

TEST_CASE("each broken rule is a refusal of its own, told in one line") {
  struct Row {
    std::string plugin;
    std::string_view reason;
    std::string_view words;  // that the message must have
  };
  const Row rows[] = {
      {"no_entry", refusal::no_entry, "exports no aludel_plugin_v1"},
      {"borrowed_entry", refusal::no_entry, "exports no aludel_plugin_v1"},
      {"another_major", refusal::wrong_major, "exports aludel_plugin_v2, this host needs aludel_plugin_v1"},
      {"missing_symbol", refusal::not_loadable, "nobody_defines_this"},
      {"requires_newer_minor", refusal::newer_minor, "requires ABI 1.99, this host has 1.0"},
      {"declines", refusal::declined, "it declines: no licence for this machine"},
      {"declines_silently", refusal::declined, "it declines without a reason"},
      {"short_library", refusal::short_struct, "library.struct_size is 16, less than version 1.0's 24"},
      {"short_handler", refusal::short_struct, "handler 0: handler.struct_size is 200"},
      {"zero_handler_size", refusal::short_struct, "handler.struct_size is 0"},
      {"short_subscription", refusal::short_struct, "subscriptions[0].struct_size is 8"},
      {"huge_handler", refusal::misshapen_struct, "handler.struct_size is 4104, over 4096"},
      {"odd_handler", refusal::misshapen_struct, "handler.struct_size is 212, over 4096 or no multiple of 8"},
      {"no_handlers", refusal::misshapen_struct, "there are not 1 to 256"},
      {"too_many_handlers", refusal::misshapen_struct, "there are not 1 to 256"},
      {"null_handlers", refusal::misshapen_struct, "library.handlers is NULL"},
      {"null_handler", refusal::misshapen_struct, "handler 0: handler is NULL"},
      {"null_create", refusal::missing_function, "handler 0 (org.example.bad): create is NULL"},
      {"null_handle", refusal::missing_function, "handle is NULL"},
      {"null_destroy", refusal::missing_function, "destroy is NULL"},
      {"null_migrate", refusal::missing_function, "migrate is NULL: projection_version 1 requires it"},
      {"short_id", refusal::bad_handler_id, "its id \"a.\" is not 3 to 128"},
      {"long_id", refusal::bad_handler_id, "is not 3 to 128"},
      {"upper_id", refusal::bad_handler_id, "\"org.Example.bad\""},
      {"undotted_id", refusal::bad_handler_id, "\"example\""},
      {"empty_part_id", refusal::bad_handler_id, "\"org..bad\""},
      {"duplicate_id", refusal::duplicate_handler_id,
       "handler 1 (org.example.bad): the id is an earlier handler's"},
      {"null_text", refusal::bad_text, "name is NULL with a size"},
      {"foreign_text", refusal::bad_text, "name is not UTF-8"},
      {"nul_in_text", refusal::bad_text, "holds a NUL"},
      {"huge_text", refusal::bad_text, "name is over 65536 bytes"},
      {"schema_no_json", refusal::bad_text, "config_schema is no JSON object"},
      {"schema_no_object", refusal::bad_text, "config_schema is no JSON object"},
      {"unknown_kind", refusal::bad_subscription, "subscriptions[0]: kind 9 is unknown"},
      {"empty_exact", refusal::bad_subscription, "the type is empty"},
      {"empty_prefix", refusal::bad_subscription, "the type is empty"},
      {"all_with_type", refusal::bad_subscription, "ALUDEL_ALL takes no type"},
      {"long_type", refusal::bad_subscription, "the type is over 1024 bytes"},
      {"foreign_type", refusal::bad_subscription, "the type is not UTF-8"},
      {"null_type", refusal::bad_text, "subscriptions[0].type is NULL with a size"},
      {"subscribes_to_nothing", refusal::bad_subscription, "it subscribes to nothing"},
      {"null_subscriptions", refusal::misshapen_struct, "subscriptions is NULL with a count"},
      {"too_many_subscriptions", refusal::misshapen_struct, "over 1024"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.plugin);
    const auto library = Library::load(bad_plugin(row.plugin));
    REQUIRE_FALSE(library);
    const auto& error = library.error();
    CHECK(error.code == ErrorCode::refused);
    CHECK(error.reason == row.reason);
    CHECK(error.message.starts_with("refuse " + bad_plugin(row.plugin).string() + ": "));
    CHECK_MESSAGE(error.message.find(row.words) != std::string::npos, error.message);
    CHECK(error.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a file that is not there is refused") {
  const auto library = Library::load("/nowhere/p.so");
  REQUIRE_FALSE(library);
  CHECK(library.error().reason == refusal::not_found);
}

TEST_CASE("a plugin with structs of exactly version 1.0's sizes loads") {
  const auto library = Library::load(bad_plugin("good"));
  REQUIRE(library);
  CHECK((*library)->description().handlers[0].id == "org.example.bad");
}

TEST_CASE("a plugin with larger structs, from a later minor, loads") {
  const auto library = Library::load(bad_plugin("from_the_future"));
  REQUIRE(library);
  const auto& description = (*library)->description();
  CHECK(description.abi_minor_built == 7);
  REQUIRE(description.handlers.size() == 1);
  CHECK(description.handlers[0].id == "org.example.future");
  CHECK(description.handlers[0].subscriptions ==
        std::vector<Subscription>{{Subscription::Kind::prefix, "later."}});
}

TEST_CASE("a plugin is loaded twice, and both work") {
  const auto first = Library::load(bad_plugin("good"));
  const auto second = Library::load(bad_plugin("good"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK((*first)->description() == (*second)->description());
}

TEST_CASE("a handler that the plugin does not have is not found") {
  const auto library = Library::load(bad_plugin("good"));
  REQUIRE(library);
  const auto instance = (*library)->instantiate("org.example.other", {});
  REQUIRE_FALSE(instance);
  CHECK(instance.error().code == ErrorCode::not_found);
  CHECK(instance.error().message.find("org.example.other") != std::string::npos);
}

TEST_CASE("a create that fails says why, and is not followed by destroy") {
  const auto library = Library::load(bad_plugin("create_fails"));
  REQUIRE(library);
  const auto instance = (*library)->instantiate("org.example.bad", {});
  REQUIRE(instance);
  CHECK((*instance)->create("{}") == Outcome::fail);
  CHECK((*instance)->error().code == "bad_config");
  CHECK((*instance)->error().message == "limit must be positive");
}

}  // namespace aludel
