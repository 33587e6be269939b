// SPDX-License-Identifier: MIT
#include "plugin/inspection.hpp"

#include <chrono>
#include <cstdlib>

#include <doctest/doctest.h>

#include "plugin/refusal.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"
#include "test_plugins.hpp"

namespace aludel {

TEST_CASE("an inspection tells what a plugin holds") {
  const auto found = inspect(bad_plugin("good"), inspector());
  REQUIRE(found);
  CHECK(found->path == bad_plugin("good"));
  REQUIRE(found->handlers.size() == 1);
  const auto& handler = found->handlers[0];
  CHECK(handler.id == "org.example.bad");
  CHECK(handler.name == "Bad");
  CHECK(handler.version == "1.2.3");
  CHECK(handler.vendor == "Example");
  CHECK(handler.description == "Does nothing.");
  CHECK(handler.config_schema == R"({"type":"object"})");
  CHECK(handler.projection_version == 1);
  CHECK(handler.subscriptions == std::vector<Subscription>{{Subscription::Kind::exact, "deposit"}});
  CHECK_FALSE(handler.has_validate);
  CHECK_FALSE(handler.has_on_error);
}

TEST_CASE("what a constructor prints does not get into the result") {
  const auto found = inspect(bad_plugin("noisy_constructor"), inspector());
  REQUIRE(found);
  CHECK(found->handlers[0].id == "org.example.bad");
}

TEST_CASE("a constructor changes nothing and starts nothing while its plugin is looked at") {
  const TempDir dir;
  const auto file = dir.path() / "made";
  ::setenv("ALUDEL_REACHES_OUT_TO", file.c_str(), 1);
  const auto found = inspect(bad_plugin("reaches_out"), inspector());
  ::unsetenv("ALUDEL_REACHES_OUT_TO");
  REQUIRE(found);
  CHECK(found->handlers[0].id == "org.example.bad");
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a plugin that ends the inspecting process is refused with how it ended") {
  struct Row {
    std::string plugin;
    std::string how;
  };
  // A sanitizer's look for leaks traces its process, which the sandbox denies.
  const char* options = std::getenv("ASAN_OPTIONS");
  const auto without_leaks = std::string(options == nullptr ? "" : options) + ":detect_leaks=0";
  REQUIRE(::setenv("ASAN_OPTIONS", without_leaks.c_str(), 1) == 0);
  for (const auto& row : {Row{"crashes_in_constructor", "was killed by signal 6 (Aborted)"},
                          Row{"crashes_in_entry", "was killed by signal 6 (Aborted)"},
                          Row{"exits_in_constructor", "exited with status 0"},
                          Row{"writes_to_every_descriptor", "exited with status 0"}}) {
    CAPTURE(row.plugin);
    const auto found = inspect(bad_plugin(row.plugin), inspector());
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::refused);
    CHECK(found.error().reason == refusal::crashed);
    CHECK(found.error().message == "refuse " + bad_plugin(row.plugin).string() +
                                       ": loading it ended the inspecting process, which " + row.how +
                                       ": its constructors or aludel_plugin_v1 are at fault");
  }
}

TEST_CASE("a plugin that hangs is refused when its time is over") {
  const auto found = inspect(bad_plugin("hangs_in_constructor"), inspector(), std::chrono::milliseconds(300));
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == refusal::timed_out);
  CHECK(found.error().message.find("over 300 ms") != std::string::npos);
}

TEST_CASE("plugins that hang are found out side by side, and the others are told in their places") {
  const auto hanging = bad_plugin("hangs_in_constructor");
  const auto before = std::chrono::steady_clock::now();
  const auto found = inspect_all({hanging, hanging, bad_plugin("good"), hanging, hanging}, {}, inspector(),
                                 std::chrono::seconds(3));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(9));
  REQUIRE(found.size() == 5);
  for (const auto i : {0U, 1U, 3U, 4U}) {
    REQUIRE_FALSE(found[i]);
    CHECK(found[i].error().reason == refusal::timed_out);
  }
  CHECK(found[2]);
}

TEST_CASE("a refusal of the loader or the rules comes through the child") {
  const auto found = inspect(bad_plugin("null_create"), inspector());
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::refused);
  CHECK(found.error().reason == refusal::missing_function);
  CHECK(found.error().message.find("create is NULL") != std::string::npos);
}

TEST_CASE("an inspector that cannot be started is no fault of the plugin's") {
  const auto found = inspect(bad_plugin("good"), "/nowhere/inspector");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::not_found);
  CHECK(found.error().message.find("/nowhere/inspector") != std::string::npos);
}

}  // namespace aludel
