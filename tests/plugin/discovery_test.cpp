// SPDX-License-Identifier: MIT
#include "plugin/discovery.hpp"

#include <fstream>

#include <doctest/doctest.h>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

void touch(const fs::path& file) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

}  // namespace

TEST_CASE("plugins are found by file, in folders and by the environment, in that order and sorted by name") {
  const TempDir dir;
  const auto at = [&](const char* name) { return dir.path() / name; };
  for (const auto* name :
       {"one/b.so", "one/a.so", "one/readme.txt", "one/deep/c.so", "two/z.so", "env/e.so", "named.so"}) {
    touch(at(name));
  }
  fs::create_directory(at("one/folder.so"));
  const auto found = discover(
      {{at("named.so")}, {at("one"), at("two")}, ":" + at("missing").string() + ":" + at("env").string()});
  REQUIRE(found);
  CHECK(*found == Paths{at("named.so"), at("one/a.so"), at("one/b.so"), at("two/z.so"), at("env/e.so")});
}

TEST_CASE("a file that is found again, under whatever name, is listed once") {
  const TempDir dir;
  const auto file = dir.path() / "p" / "a.so";
  touch(file);
  fs::create_symlink(file, dir.path() / "p" / "b.so");
  const auto found = discover({{file}, {dir.path() / "p", dir.path() / "p"}, (dir.path() / "p").string()});
  REQUIRE(found);
  CHECK(*found == Paths{file});
}

TEST_CASE("a named file is listed although it is missing: that concerns only whoever names it") {
  const TempDir dir;
  const auto found = discover({{dir.path() / "no.so"}, {}, ""});
  REQUIRE(found);
  CHECK(*found == Paths{dir.path() / "no.so"});
}

TEST_CASE("a named folder that is missing is an error that names it") {
  const TempDir dir;
  const auto folder = discover({{}, {dir.path() / "nowhere"}, ""});
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::not_found);
  CHECK(folder.error().message.find("nowhere") != std::string::npos);
  CHECK(discover({})->empty());
}

}  // namespace aludel
