// SPDX-License-Identifier: MIT
#include "policy/replay.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace aludel {

namespace {

using std::chrono::milliseconds;

constexpr auto endless = std::numeric_limits<std::uint32_t>::max();
constexpr auto longest = milliseconds::max();

ReplayPolicy policy_of(ReplayStrategy strategy, milliseconds first, milliseconds max) {
  ReplayPolicy policy;
  policy.strategy = strategy;
  policy.max_retries = endless;
  policy.initial_delay = first;
  policy.max_delay = max;
  policy.min_age = milliseconds(0);
  return policy;
}

std::vector<std::int64_t> delays(const ReplayPolicy& policy, std::uint64_t count) {
  std::vector<std::int64_t> result;
  for (std::uint64_t retries = 0; retries < count; ++retries) {
    const auto delay = replay_delay(policy, retries);
    result.push_back(delay ? delay->count() : -1);
  }
  return result;
}

constexpr ReplayStrategy on[] = {ReplayStrategy::fixed, ReplayStrategy::exponential,
                                 ReplayStrategy::fibonacci};

}  // namespace

TEST_CASE("no delay is longer than the longest") {
  for (const auto strategy : on) {
    for (const int max : {50, 450, 10'000}) {
      auto policy = policy_of(strategy, milliseconds(100), milliseconds(max));
      policy.max_retries = 6;
      policy.min_age = milliseconds(70);
      const auto all = delays(policy, 6);
      CHECK(replay_delay_max(policy) == milliseconds(*std::max_element(all.begin(), all.end())));
      policy.max_retries = 0;
      CHECK_FALSE(replay_delay_max(policy));
    }
  }
  CHECK_FALSE(replay_delay_max({}));
}

TEST_CASE("each strategy has its delays, up to the cap") {
  using Delays = std::vector<std::int64_t>;
  struct Row {
    ReplayStrategy strategy;
    int first, max;
    Delays expected;
  };
  const Row rows[] = {
      {ReplayStrategy::fixed, 100, 10'000, {100, 100, 100, 100, 100, 100, 100, 100}},
      {ReplayStrategy::exponential, 100, 10'000, {100, 200, 400, 800, 1'600, 3'200, 6'400, 10'000}},
      {ReplayStrategy::fibonacci, 100, 10'000, {100, 100, 200, 300, 500, 800, 1'300, 2'100}},
      {ReplayStrategy::fibonacci, 100, 450, {100, 100, 200, 300, 450, 450, 450, 450}},
      {ReplayStrategy::fibonacci, 100, 500, {100, 100, 200, 300, 500, 500, 500, 500}},
      // A cap below the first delay is still the cap.
      {ReplayStrategy::fixed, 100, 10, {10, 10, 10, 10, 10, 10, 10, 10}},
      {ReplayStrategy::exponential, 100, 10, {10, 10, 10, 10, 10, 10, 10, 10}},
      {ReplayStrategy::fibonacci, 100, 10, {10, 10, 10, 10, 10, 10, 10, 10}},
      {ReplayStrategy::fibonacci, 0, 10, {0, 0, 0, 0, 0, 0, 0, 0}},
      {ReplayStrategy::fibonacci, -5, 10, {0, 0, 0, 0, 0, 0, 0, 0}},
      {ReplayStrategy::fibonacci, 5, -10, {0, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (const auto& row : rows) {
    const std::string name(to_string(row.strategy));
    CAPTURE(name);
    CAPTURE(row.max);
    CHECK(delays(policy_of(row.strategy, milliseconds(row.first), milliseconds(row.max)), 8) == row.expected);
  }
}

TEST_CASE("no delay is below the least age of a failure") {
  auto policy = policy_of(ReplayStrategy::exponential, milliseconds(100), milliseconds(10'000));
  policy.min_age = milliseconds(300);
  CHECK(delays(policy, 4) == std::vector<std::int64_t>{300, 300, 400, 800});
  policy.min_age = milliseconds(50'000);
  CHECK(delays(policy, 2) == std::vector<std::int64_t>{50'000, 50'000});
}

TEST_CASE("a letter has as many automatic replays as are allowed, and none where they are off") {
  for (const auto strategy : on) {
    auto policy = policy_of(strategy, milliseconds(100), milliseconds(100));
    policy.max_retries = 2;
    CHECK(delays(policy, 4) == std::vector<std::int64_t>{100, 100, -1, -1});
    CHECK_FALSE(replay_delay(policy, std::numeric_limits<std::uint64_t>::max()));
  }
  CHECK_FALSE(replay_delay(policy_of(ReplayStrategy::off, milliseconds(1), milliseconds(1)), 0));
}

TEST_CASE("a delay never overflows, shrinks or exceeds its cap, at any retry") {
  for (const auto strategy : on) {
    for (const auto max : {milliseconds(30'000), longest}) {
      for (const auto first : {milliseconds(1), milliseconds(100), longest}) {
        const auto policy = policy_of(strategy, first, max);
        auto before = milliseconds(0);
        for (const std::uint64_t retries :
             {0U, 1U, 2U, 45U, 88U, 89U, 90U, 91U, 92U, 93U, 1'000'000U, endless - 1}) {
          const std::string name(to_string(strategy));
          CAPTURE(name);
          CAPTURE(retries);
          const auto delay = replay_delay(policy, retries);
          REQUIRE(delay);
          CHECK(*delay >= before);
          CHECK(*delay >= std::min(first, max));
          CHECK(*delay <= max);
          before = *delay;
        }
      }
    }
  }
}

}  // namespace aludel
