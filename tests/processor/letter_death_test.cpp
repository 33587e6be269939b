// SPDX-License-Identifier: MIT
// Letters in whose replay, without an order, the process died.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "processor/page.hpp"
#include "replays_rig.hpp"

namespace aludel {

using std::chrono::minutes;

TEST_CASE("a letter in whose replay the process died by the handler's fault has failed again") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.died_in(5, 2, {ProcessEnd::Kind::signalled, SIGSEGV});
  rig.clock.advance(minutes(1));
  rig.run();
  CHECK(rig.calls == "5@120");
  CHECK(rig.letters() == "5 replayed 2/1/1");
  CHECK(std::find(rig.logged.begin(), rig.logged.end(),
                  "dead letter 1 failed again: event 5: crashed: killed by signal 11 (Segmentation fault) in "
                  "handle; replay 2 of 3 follows") != rig.logged.end());
}

TEST_CASE("a letter whose replay was interrupted is as it was, until the third time in a row") {
  for (const std::uint32_t before : {0U, 1U, 2U}) {
    CAPTURE(before);
    Replays rig;
    rig.fails(5, 1);
    rig.make_letters();
    rig.died_in(5, 2, {ProcessEnd::Kind::signalled, SIGKILL}, before);
    rig.clock.advance(minutes(1));
    rig.run();
    // The log has its turn before.
    CHECK(rig.calls == "5@120");
    CHECK(rig.letters() == (before == 2 ? "5 replayed 2/1/1" : "5 replayed 1/0/0"));
  }
}

TEST_CASE("a death while a replay is undone is the letter's, too") {
  Replays rig;
  rig.fails(5, 1);
  rig.make_letters();
  rig.fails(5, 2);
  std::uint32_t shown = 0;
  rig.script.in_rolled_back = [&] {
    const auto page = InFlightPage::view(rig.directory() / "page");
    REQUIRE(page);
    shown = (*page)->read().value_or(InFlightPage::Call{}).attempt;
  };
  rig.run();
  CHECK(shown == 2);
}

}  // namespace aludel
