// SPDX-License-Identifier: MIT
#include "processor/state.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

/// Names and bytes of all files but the one in which SQLite's readers and writers meet.
std::map<std::string, std::string> contents(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    auto name = entry.path().filename().string();
    std::ifstream file(entry.path(), std::ios::binary);
    if (!name.ends_with("-shm")) files[name] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

}  // namespace

TEST_CASE("what happened is told with the message, if there is one") {
  ProcessorError error;
  error.code = "unspecified";
  CHECK(describe(error) == "unspecified");
  error.event_id = 4;
  error.message = "no account";
  CHECK(describe(error) == "event 4: unspecified: no account");
}

TEST_CASE("each activity has a word of its own") {
  const std::map<Activity, std::string> words = {
      {Activity::running, "running"},   {Activity::waiting, "waiting"},
      {Activity::retrying, "retrying"}, {Activity::stopped, "stopped"},
      {Activity::diverged, "diverged"}, {Activity::refused, "refused"},
      {Activity::crashed, "crashed"},   {Activity::hanging, "hanging"},
      {Activity::offline, "offline"},   {Activity::unconfigured, "unconfigured"}};
  for (const auto& [activity, word] : words)
    CHECK(to_string(activity) == word);
}

TEST_CASE("a directory without a projection has no state") {
  const TempDir temp;
  for (const auto& directory : {temp.path(), temp.path() / "nobody"}) {
    const auto state = read_state(directory);
    REQUIRE_FALSE(state);
    CHECK(state.error().code == ErrorCode::not_found);
  }
}

TEST_CASE("a state is read while the owner works, as of its last commit") {
  Rig rig;
  rig.log.append("wanted", 6, 3);
  rig.options.batch_size = 2;
  rig.script.in_handle = [&](const Event& event) {
    const auto seen = rig.durable();
    CHECK(seen.next == event.id / 2 * 2);
    CHECK(seen.handled == seen.next);
    CHECK(seen.activity == Activity::offline);
  };
  rig.run();
  CHECK(rig.durable().next == 6);
}

TEST_CASE("reading a state changes nothing") {
  Rig rig;
  rig.log.append("wanted", 6, 3);
  rig.script.events[4] = {.outcome = Outcome::fail};
  rig.run();
  const auto before = contents(rig.directory());
  CHECK(rig.durable().activity == Activity::stopped);
  CHECK(contents(rig.directory()) == before);
}

}  // namespace aludel
