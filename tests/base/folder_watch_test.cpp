// SPDX-License-Identifier: MIT
#include "base/os/folder_watch.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {

namespace {

using Files = std::vector<std::filesystem::path>;
constexpr std::chrono::milliseconds no_time(0);

}  // namespace

TEST_CASE("a file is told of once it was written, or moved there, and one that is only read is not") {
  const TempDir watched;
  const TempDir other;
  auto watch = FolderWatch::make();
  REQUIRE(watch);
  REQUIRE(watch->add(watched.path()));
  CHECK(watch->wait(no_time).empty());
  std::ofstream(watched.path() / "a.so") << "written";
  CHECK(watch->wait(std::nullopt) == Files{watched.path() / "a.so"});
  std::ofstream(other.path() / "b.so") << "elsewhere";
  std::ifstream(watched.path() / "a.so").get();
  CHECK(watch->wait(no_time).empty());
  std::filesystem::rename(other.path() / "b.so", watched.path() / "b.so");
  CHECK(watch->wait(std::nullopt) == Files{watched.path() / "b.so"});
}

TEST_CASE("what is no folder cannot be watched") {
  const TempDir dir;
  auto watch = FolderWatch::make();
  REQUIRE(watch);
  const auto added = watch->add(dir.path() / "nowhere");
  REQUIRE_FALSE(added);
  CHECK(added.error().code == ErrorCode::not_found);
  CHECK(added.error().message.starts_with("watch the folder " + (dir.path() / "nowhere").string()));
}

TEST_CASE("a watch that is ended waits no longer") {
  auto watch = FolderWatch::make();
  REQUIRE(watch);
  CHECK_FALSE(watch->ended());
  std::thread waiting([&] { CHECK(watch->wait(std::nullopt).empty()); });
  watch->end();
  waiting.join();
  CHECK(watch->ended());
  CHECK(watch->wait(std::nullopt).empty());
}

}  // namespace aludel::os
