// SPDX-License-Identifier: MIT
// What the supervisor does about a call that uses too much, and what it hands on of a death.
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "processor/page.hpp"
#include "supervised_rig.hpp"

namespace aludel {

using std::chrono::milliseconds;

TEST_CASE(
    "a call that takes over its CPU time is killed, but not a migration, nor what another call has used") {
  Rig rig;
  Allowance allowance;
  allowance.cpu_time = milliseconds(20);
  rig.supervised = rig.make(std::chrono::seconds(60), allowance);
  auto page = InFlightPage::create(rig.dir.path() / "page");
  REQUIRE(page);
  rig.supervised->start();
  (*page)->enter(static_cast<std::uint32_t>(Stage::migrate), 0, 0);
  std::unique_ptr<Reactor::Handle> work;
  const std::function<void()> use = [&] {
    rig.script.cpu_time += milliseconds(10);
    work = rig.reactor.after(milliseconds(5), use);
  };
  use();
  rig.run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  work.reset();
  (*page)->leave();
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 42, 1);
  rig.run_until_killed_or(milliseconds(200));
  CHECK(rig.script.killed == 0);
  use();
  rig.run_until_killed_or(std::chrono::seconds(30));
  CHECK(rig.script.killed == 1);
  const auto death = read_death(rig.dir.path() / "page");
  REQUIRE(death);
  CHECK(death->end.kind == ProcessEnd::Kind::over_cpu_time);
  CHECK(death->end.value == 20);
  rig.die();
  CHECK(rig.supervised->state().error->code == "cpu_limit");
  CHECK(rig.supervised->state().error->message ==
        "a call took over 20ms of CPU time and was killed in handle of event 42; it wrote last: last words");
}

TEST_CASE("a start is told what the process wrote last by whose death an event has failed, and by no other") {
  Rig rig;
  const auto file = rig.dir.path() / "page";
  auto page = InFlightPage::create(file);
  REQUIRE(page);
  rig.supervised->start();
  (*page)->enter(static_cast<std::uint32_t>(Stage::start), 0, 0);
  rig.die();
  rig.run_until_started(2);
  (*page)->enter(static_cast<std::uint32_t>(Stage::handle), 42, 1);
  InFlightPage::note_end(file, static_cast<std::uint64_t>(::getpid()),
                         {ProcessEnd::Kind::signalled, SIGSEGV});
  rig.die();
  rig.run_until_started(3);
  CHECK(rig.script.death_outputs == std::vector<std::string>{"", "", "one\nlast words\n"});
}

}  // namespace aludel
