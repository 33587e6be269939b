// SPDX-License-Identifier: MIT
// What the supervisor does about a processor's process whose plugin spoils its page or speaks in its place.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <unistd.h>

#include <doctest/doctest.h>

#include "processor/page.hpp"
#include "supervised_rig.hpp"

namespace aludel {

using std::chrono::milliseconds;

namespace {

constexpr auto handle = static_cast<std::uint32_t>(Stage::handle);

struct PagedRig : Rig {
  std::filesystem::path file = dir.path() / "page";
  std::unique_ptr<InFlightPage> page = make_page();

  [[nodiscard]] std::unique_ptr<InFlightPage> make_page() const {
    auto made = InFlightPage::create(file);
    REQUIRE(made);
    return std::move(*made);
  }
  void start_with(milliseconds timeout) {
    supervised = make(timeout);
    supervised->start();
    be(Activity::running);
  }
  void be(Activity activity) {
    ProcessorState state;
    state.activity = activity;
    script.events.on_state(state);
  }
  // As a plugin may: no checksum fits that.
  void spoil() const { std::ofstream(file, std::ios::in | std::ios::out) << std::string(128, 'x'); }
};

}  // namespace

TEST_CASE("a call is killed in time and its event named, whatever its plugin did with the page's name") {
  const std::function<void(const std::filesystem::path&)> harms[] = {
      [](const auto& file) { std::filesystem::remove(file); },
      [](const auto& file) {
        std::filesystem::remove(file);
        std::ofstream(file) << "another";
      },
      [](const auto& file) {
        std::filesystem::remove(file);
        std::filesystem::create_symlink("lock", file);
      },
  };
  for (const auto& harm : harms) {
    PagedRig rig;
    rig.start_with(milliseconds(20));
    rig.page->enter(handle, 42, 1);
    harm(rig.file);
    rig.run_until_killed_or(std::chrono::seconds(30));
    REQUIRE(rig.script.killed == 1);
    rig.die();
    CHECK(rig.supervised->state().error->event_id == 42u);
    const auto death = read_death(rig.file);  // as the next process reads it
    REQUIRE(death);
    CHECK(death->event_id == 42);
    CHECK(death->end.kind == ProcessEnd::Kind::timed_out);
  }
}

TEST_CASE("how a process ended that had removed its page is there for the next one") {
  PagedRig rig;
  rig.start_with(std::chrono::seconds(60));
  rig.page->enter(handle, 42, 1);
  std::filesystem::remove(rig.file);
  const auto events = rig.script.events;
  events.on_end({std::nullopt, "killed by signal 6 (Aborted)", {}, {ProcessEnd::Kind::signalled, 6}});
  const auto death = read_death(rig.file);
  REQUIRE(death);
  CHECK(death->event_id == 42);
  CHECK(death->is_fault());
}

TEST_CASE("a page that shows nothing to be believed shows one call, which is killed in time") {
  PagedRig rig;
  rig.start_with(milliseconds(20));
  rig.page->enter(handle, 42, 1);
  rig.page->leave();
  rig.run_until_killed_or(milliseconds(100));
  CHECK(rig.script.killed == 0);
  rig.spoil();
  rig.run_until_killed_or(std::chrono::seconds(30));
  CHECK(rig.script.killed == 1);
}

TEST_CASE("a page that showed nothing from the first is taken for a call, once the handler is up") {
  PagedRig rig;
  rig.spoil();
  rig.start_with(milliseconds(20));
  rig.run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  ProcessorState up;
  up.activity = Activity::running;
  up.up = true;
  rig.script.events.on_state(up);
  rig.run_until_killed_or(std::chrono::seconds(30));
  CHECK(rig.script.killed == 1);
}

TEST_CASE("a processor does not wait whose page shows a call, or nothing to be believed") {
  for (const bool spoilt : {false, true}) {
    PagedRig rig;
    rig.start_with(milliseconds(20));
    rig.page->enter(handle, 42, 1);
    if (spoilt) rig.spoil();
    rig.be(Activity::waiting);
    CHECK(rig.supervised->state().activity == Activity::running);
    if (spoilt) continue;
    rig.run_until_killed_or(std::chrono::seconds(30));
    CHECK(rig.script.killed == 1);
  }
}

TEST_CASE("an end in a state that needs a reason, without one, is a death") {
  for (const auto activity : {Activity::retrying, Activity::stopped, Activity::running, Activity::waiting}) {
    PagedRig rig;
    rig.start_with(std::chrono::seconds(60));
    ProcessorState state;
    state.activity = activity;
    const auto events = rig.script.events;
    events.on_end({state, "exited with status 0", {}});
    CHECK_FALSE(rig.supervised->ended());
    CHECK(rig.supervised->state().error->code == "crashed");
  }
}

}  // namespace aludel
