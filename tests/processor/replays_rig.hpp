// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "rig.hpp"

namespace aludel {

/// Ten events; those that fail become letters, which are replayed after a minute.
class Replays : public Rig {
 public:
  Replays() {
    log.append("wanted", 10, 10);
    options.error_policy.processor.strategy = Strategy::dead_letter;
    options.replay.strategy = ReplayStrategy::fixed;
    options.replay.max_retries = 3;
    script.in_handle = [this](const Event& event) {
      calls += (calls.empty() ? "" : " ") + std::to_string(event.id) + "@" + std::to_string(now_s());
    };
  }

  void fails(std::uint64_t id, std::uint32_t until, Outcome outcome = Outcome::fail) {
    script.events[id] = {.outcome = outcome, .until = until};
  }
  /// "event state attempts/replays/retries" of each letter, and "+s" from its last failure to its next
  /// replay.
  [[nodiscard]] std::string letters() const {
    return text_in(
        directory(),
        "select group_concat(event_id || ' ' || state || ' ' || attempts || '/' || replays || '/' || "
        "retries || ifnull(' +' || ((next_replay_ns - last_failed_ns) / 1000000000), ''), ', ') "
        "from (select * from _aludel_letter order by event_id)");
  }
  void order(Command::Kind kind) {
    auto queue = CommandQueue::open(directory());
    REQUIRE(queue);
    REQUIRE((*queue)->post({0, kind}, 0));
  }
  /// Ends the run when it would wait next.
  void stop_at_first_wait() {
    steps.push_back([this](const FakeLog::Wait&) { stop.raise(); });
  }
  /// Runs until the letters are made, and forgets the calls up to there.
  void make_letters() {
    stop_at_first_wait();
    run();
    calls.clear();
  }
  void set_clock_back() {
    clock.set_wall(clock.wall_ns() - std::chrono::nanoseconds(std::chrono::hours(48)).count());
  }
  [[nodiscard]] std::int64_t now_s() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
  }

  std::string calls;  ///< "event@second" of each call of `handle`
};

}  // namespace aludel
