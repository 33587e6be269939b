// SPDX-License-Identifier: MIT
// The tip page between a writer that may die, its successor and readers that wait, each in a process of its
// own, in the orders in which their steps can come. The code is the host's; what it does to words of the page
// and its waits are steps here. A step is seen by all at once: what a weak memory may reorder is not tried.
#include "log/tip_page.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <doctest/doctest.h>

#include "base/os/futex.hpp"
#include "log/tip_follower.hpp"
#include "process.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace interleaving {

namespace {

constexpr std::size_t writer = 0;
constexpr std::size_t successor = 1;
constexpr std::size_t first_reader = 2;
constexpr int any_number = std::numeric_limits<int>::max();

/// All that there is between two steps.
struct State {
  std::array<char, sizeof(TipPageLayout)> page{};
  std::vector<Process> processes;
  std::vector<std::uint64_t> seen;  ///< by each reader: the tip that it was told last
  bool died = false;                ///< the writer
  std::uint64_t durable = 0;        ///< events in the log
  std::uint64_t published = 0;      ///< those that are acknowledged
  std::size_t last = writer;        ///< who went on last
  int switches = 0;                 ///< away from one that could have gone on

  [[nodiscard]] std::uint64_t word_at(std::size_t offset) const {
    std::uint64_t word = 0;
    std::memcpy(&word, page.data() + offset, sizeof word);
    return word;
  }
  [[nodiscard]] std::uint64_t hash() const;
};

// What the process that runs works on, and how the system waits.
State* state = nullptr;
bool waits_on_two_words = true;

std::uint64_t State::hash() const {
  std::uint64_t hash = 1;
  const auto add = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  };
  for (std::size_t at = 0; at < page.size(); at += sizeof hash)
    add(word_at(at));
  for (const auto& process : processes) {
    add(process.told.size() << 2 | (process.asleep ? 2U : 0U) | (process.over ? 1U : 0U));
    for (const auto value : process.told)
      add(value);
  }
  for (const auto tip : seen)
    add(tip);
  add(durable << 32 | published << 1 | (died ? 1U : 0U));
  add(static_cast<std::uint64_t>(switches) << 32 | last);
  return hash;
}

void demand(bool holds, const char* what) {
  if (!holds) throw Broken(what);
}

struct Plan {
  bool fresh = false;    ///< nobody has ever served; else the writer does so already
  bool dies = false;     ///< the writer, at any step or none; then there is a successor
  int events = 1;        ///< that the writer publishes
  int events_after = 0;  ///< and its successor, beside what it finds
  std::size_t readers = 1;
  int switches_max = any_number;
};

/// Where the processes meet. A state that was come to in another order is gone on from once.
class Scene {
 public:
  explicit Scene(const Plan& plan) : plan_(plan) {
    auto page = os::SharedPage::open(file_);
    REQUIRE(page);
    page_.emplace(std::move(*page));
  }

  /// @return in how many orders the steps can come; the first in which a promise is broken is told
  double count_orders() {
    try {
      return orders_from(begin());
    } catch (const Broken& broken) {
      std::string steps;
      for (const auto& one : path_)
        steps += one + "\n";
      FAIL(steps << broken.what());
    }
    return 0;
  }
  [[nodiscard]] std::size_t states() const { return orders_.size(); }

 private:
  [[nodiscard]] State begin() {
    State first;
    first.processes.resize(first_reader + plan_.readers);
    first.seen.resize(plan_.readers);
    // It changes with the reset and as the service begins.
    while (!plan_.fresh && first.word_at(offsetof(TipPageLayout, word)) < 2)
      make_step(first, writer);
    return first;
  }

  double orders_from(const State& from) {
    const auto hash = from.hash();
    if (const auto known = orders_.find(hash); known != orders_.end()) return known->second;
    check_rest(from);
    double orders = 0;
    for (std::size_t number = 0; number < from.processes.size(); ++number) {
      const bool is_switch = number != from.last && can_go_on(from, from.last);
      if (!can_go_on(from, number) || (is_switch && from.switches == plan_.switches_max)) continue;
      auto next = from;
      next.switches += is_switch ? 1 : 0;
      path_.push_back(make_step(next, number));
      orders += orders_from(next);
      path_.pop_back();
    }
    if (plan_.dies && can_go_on(from, writer) && from.processes[writer].begun()) {
      auto next = from;
      next.died = true;
      next.last = writer;
      path_.emplace_back("the writer dies");
      orders += orders_from(next);
      path_.pop_back();
    }
    return orders_[hash] = std::max(orders, 1.0);
  }

  [[nodiscard]] bool can_go_on(const State& from, std::size_t number) const {
    const auto& process = from.processes[number];
    if (process.over || process.asleep) return false;
    if (number == writer) return !from.died;
    if (number == successor) return plan_.dies && (from.died || from.processes[writer].over);
    // Readers do not notice each other: one order of theirs between two steps of a writer is enough.
    return number >= from.last;
  }

  std::string make_step(State& next, std::size_t number) {
    const auto before = next;
    auto& process = next.processes[number];
    next.last = number;
    state = &next;
    std::memcpy(page_->data(), next.page.data(), next.page.size());
    const auto made = go_on(
        process,
        [&] {
          number < first_reader ? write(number == writer ? plan_.events : plan_.events_after)
                                : read(number - first_reader);
        },
        is_settled);
    std::memcpy(next.page.data(), page_->data(), next.page.size());
    check_page(before, next, number);
    // A reader begins again with what it has seen.
    if (number >= first_reader && process.over) process = {};
    return (number == writer      ? "the writer "
            : number == successor ? "the successor "
                                  : "reader " + std::to_string(number - first_reader) + " ") +
           made;
  }

  // What the log and the boot are is written once, or again as it was.
  static bool is_settled(const void* word) {
    return offset_in_page(word) < offsetof(TipPageLayout, incarnation) &&
           *static_cast<const std::uint64_t*>(word) != 0;
  }

  static void check_page(const State& before, State& after, std::size_t number) {
    constexpr auto incarnation = offsetof(TipPageLayout, incarnation);
    constexpr auto tip = offsetof(TipPageLayout, tip);
    constexpr auto without_check = (std::uint64_t{1} << 48) - 1;
    demand((after.word_at(tip) & without_check) >= (before.word_at(tip) & without_check),
           "the tip goes back");
    if (after.word_at(incarnation) == before.word_at(incarnation) || after.word_at(incarnation) == 0) return;
    // It is random, and no two states would be alike.
    const std::uint64_t serving = number + 1;
    std::memcpy(after.page.data() + incarnation, &serving, sizeof serving);
  }

  // Where no writer does anything any more, nothing wakes a reader.
  static void check_rest(const State& at) {
    const bool serves = at.processes[writer].over && !at.processes[successor].begun();
    if (!serves && !at.processes[successor].over) return;
    for (std::size_t reader = 0; reader < at.seen.size(); ++reader) {
      demand(!at.processes[first_reader + reader].asleep || at.seen[reader] == at.published,
             "a reader sleeps, and nothing will wake it, though it has not seen what is published");
    }
  }

  // As a log does it that is opened and given events.
  void write(int events) {
    auto publisher = TipPublisher::open(file_);
    demand(publisher.has_value(), "the page cannot be mapped");
    const auto last = publisher->last_published(boot_id_);
    note_behind([&] {
      demand((last ? last->tip : 0) >= state->published, "a writer is not told of all that was acknowledged");
      return 0U;
    });
    publisher->reset();
    const auto recovered = note_before([] { return state->durable; });
    publisher->serve(log_id_, boot_id_, recovered);
    note_behind([&] { return state->published = recovered; });
    for (int i = 0; i < events; ++i) {
      const auto tip = step("appends", nullptr, [] { return ++state->durable; });
      publisher->publish(tip);
      note_behind([&] { return state->published = tip; });
    }
  }

  // As a processor does it that has caught up.
  void read(std::size_t reader) {
    TipFollower follower(file_, log_id_, boot_id_);
    const auto seen = note_before([&] { return state->seen[reader]; });
    follower.raise(seen);
    const auto published = note_before([] { return state->published; });
    const auto woken = follower.wait(seen, Interrupt(), {});
    demand(woken && *woken == WaitResult::new_events, "a wait ends for no reason");
    const auto tip = follower.tip();
    note_behind([&] {
      demand(tip > seen, "a wait ends without an event");
      demand(tip >= published, "a reader is told of less than was published before it looked");
      demand(tip <= state->durable, "a reader is told of an event that is not durable");
      return state->seen[reader] = tip;
    });
  }

  const Plan plan_;
  const TempDir dir_;
  const std::filesystem::path file_ = dir_.path() / "tip";
  const Uuid log_id_ = Uuid::random();
  const Uuid boot_id_ = Uuid::random();
  std::optional<os::SharedPage> page_;
  std::unordered_map<std::uint64_t, double> orders_;  // from each state on, by its hash
  std::vector<std::string> path_;
};

void check(const Plan& plan, std::size_t states_min) {
  Scene scene(plan);
  const auto orders = scene.count_orders();
  MESSAGE(orders << " interleavings, " << scene.states() << " states");
  CHECK(scene.states() > states_min);
}

/// In the place of the kernel's.
void sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  step("waits on", &word, [&] {
    if (word.load() == expected) fall_asleep();
    return 0U;
  });
}

}  // namespace

}  // namespace interleaving

// No time passes: a wait that its deadline alone would end is one that nothing ends.
void os::futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Scope, Deadline) {
  interleaving::sleep_while(word, expected);
}

bool os::futex_wait_either(Waited shared, Waited, Deadline) {
  if (interleaving::waits_on_two_words) interleaving::sleep_while(shared.word, shared.expected);
  return interleaving::waits_on_two_words;
}

void os::futex_wake(const std::atomic<std::uint32_t>& word, int count, Scope) {
  interleaving::step("wakes", &word, [&] {
    for (auto& process : interleaving::state->processes) {
      if (process.asleep && count-- > 0) process.asleep = false;
    }
    return 0U;
  });
}

TEST_CASE("in whatever order a new log's first writer and a reader go on, no wake-up is lost") {
  interleaving::check({.fresh = true, .events = 2}, 10'000);
}

TEST_CASE("in whatever order a writer and two readers go on, no wake-up is lost") {
  for (const bool two_words : {true, false}) {
    interleaving::waits_on_two_words = two_words;
    interleaving::check({.events = 2}, 1'000);
    interleaving::check({.events = 2, .readers = 2, .switches_max = 3}, 10'000);
  }
  interleaving::waits_on_two_words = true;
}

TEST_CASE("wherever a writer dies, readers see all that its successor publishes, and nothing else") {
  interleaving::check({.dies = true, .events_after = 1, .switches_max = 3}, 10'000);
  interleaving::check({.dies = true}, 10'000);
  interleaving::check({.dies = true, .readers = 2, .switches_max = 2}, 10'000);
}

}  // namespace aludel
