// SPDX-License-Identifier: MIT
#include "runtime/plugin_copy.hpp"

#include <fstream>
#include <string>

#include "base/os/file.hpp"
#include "runtime/small_file.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

std::filesystem::path plugin_in(const TempDir& dir, const std::string& content) {
  const auto file = dir.path() / "libledger.so";
  std::ofstream(file) << content;
  return file;
}

}  // namespace

TEST_CASE("a copy has a number of its own, and keeps what the plugin was") {
  const TempDir plugins;
  const TempDir folder;
  const auto first = copy_plugin(plugin_in(plugins, "one"), folder.path());
  REQUIRE(first);
  const auto second = copy_plugin(plugin_in(plugins, "two"), folder.path());
  REQUIRE(second);
  CHECK(first->filename() == "plugin-1.so");
  CHECK(second->filename() == "plugin-2.so");
  CHECK(*read_file(*first) == "one");
  CHECK(*read_file(*second) == "two");
}

TEST_CASE("a number is taken again only once its copy is gone and no later one is there") {
  const TempDir plugins;
  const TempDir folder;
  const auto plugin = plugin_in(plugins, "one");
  std::ofstream(folder.path() / "plugin-7.so") << "seven";
  REQUIRE(copy_plugin(plugin, folder.path()));
  CHECK(std::filesystem::exists(folder.path() / "plugin-8.so"));
}

TEST_CASE("what cannot be copied leaves nothing") {
  const TempDir folder;
  const auto copy = copy_plugin(folder.path() / "nowhere.so", folder.path());
  REQUIRE_FALSE(copy);
  CHECK(copy.error().code == ErrorCode::not_found);
  CHECK(copy.error().message.find("nowhere.so to ") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("only copies are removed, and the one that is kept is not") {
  const TempDir folder;
  for (const auto* name :
       {"plugin-1.so", "plugin-2.so", "plugin-12.so", "plugin-.so", "plugin-x.so", "plugin.so", "page"})
    std::ofstream(folder.path() / name) << name;
  remove_plugin_copies(folder.path(), "plugin-2.so");
  const auto left = os::real_file_system().list(folder.path());
  REQUIRE(left);
  CHECK(*left == std::vector<std::string>{"page", "plugin-.so", "plugin-2.so", "plugin-x.so", "plugin.so"});
  remove_plugin_copies(folder.path());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "plugin-2.so"));
}

}  // namespace aludel
