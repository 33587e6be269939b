// SPDX-License-Identifier: MIT
#include "policy/backoff.hpp"

#include <initializer_list>
#include <limits>

#include <doctest/doctest.h>

namespace aludel {

namespace {

using std::chrono::milliseconds;

constexpr auto last_attempt = std::numeric_limits<std::uint32_t>::max();
constexpr auto longest = milliseconds::max();
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a backoff grows from its first delay by its multiplier up to its cap") {
  struct Row {
    Backoff backoff;
    std::uint32_t attempt;
    milliseconds expected;
  };
  const Row rows[] = {
      {{milliseconds(100), milliseconds(30'000), 2.0, 0.0}, 1, milliseconds(100)},
      {{milliseconds(100), milliseconds(30'000), 2.0, 0.0}, 2, milliseconds(200)},
      {{milliseconds(100), milliseconds(30'000), 2.0, 0.0}, 3, milliseconds(400)},
      {{milliseconds(100), milliseconds(30'000), 2.0, 0.0}, 9, milliseconds(25'600)},
      {{milliseconds(100), milliseconds(30'000), 2.0, 0.0}, 10, milliseconds(30'000)},
      {{milliseconds(100), milliseconds(150), 1.5, 0.0}, 2, milliseconds(150)},
      {{milliseconds(100), milliseconds(1'000), 1.5, 0.0}, 3, milliseconds(225)},
      {{milliseconds(100), milliseconds(1'000), 1.0, 0.0}, last_attempt, milliseconds(100)},
      // a cap below the first delay is still the cap
      {{milliseconds(100), milliseconds(10), 2.0, 0.0}, 1, milliseconds(10)},
      {{milliseconds(100), milliseconds(0), 2.0, 0.0}, 1, milliseconds(0)},
      {{milliseconds(100), milliseconds(-5), 2.0, 0.0}, 3, milliseconds(0)},
      {{milliseconds(0), milliseconds(1'000), 2.0, 0.0}, last_attempt, milliseconds(0)},
      {{milliseconds(-5), milliseconds(1'000), 2.0, 0.0}, 3, milliseconds(0)},
      // a multiplier that would shrink counts as 1
      {{milliseconds(100), milliseconds(1'000), 0.5, 0.0}, 7, milliseconds(100)},
      {{milliseconds(100), milliseconds(1'000), -2.0, 0.0}, 2, milliseconds(100)},
      {{milliseconds(100), milliseconds(1'000), not_a_number, 0.0}, 2, milliseconds(1'000)},
      {{milliseconds(100), milliseconds(1'000), infinite, 0.0}, 1, milliseconds(100)},
      {{milliseconds(100), milliseconds(1'000), infinite, 0.0}, 2, milliseconds(1'000)},
  };
  for (const auto& row : rows) {
    CAPTURE(row.attempt);
    CAPTURE(row.backoff.multiplier);
    CHECK(delay_after(row.backoff, row.attempt).count() == row.expected.count());
  }
}

TEST_CASE("a backoff never overflows, shrinks or exceeds its cap, at any attempt") {
  for (const double multiplier : {1.0, 1.1, 2.0, 10.0, 1e9}) {
    for (const auto max : {milliseconds(30'000), longest}) {
      const Backoff backoff{milliseconds(100), max, multiplier, 0.0};
      auto before = milliseconds(0);
      for (const std::uint32_t attempt : {1U, 2U, 31U, 32U, 33U, 63U, 64U, 65U, 1'000U, last_attempt}) {
        CAPTURE(multiplier);
        CAPTURE(attempt);
        const auto delay = delay_after(backoff, attempt);
        CHECK(delay >= before);
        CHECK(delay >= backoff.first);
        CHECK(delay <= max);
        before = delay;
      }
    }
  }
}

TEST_CASE("jitter takes away its share of a delay at most, and nothing where there is none") {
  const auto delay = [](double jitter, double random) {
    return delay_after({milliseconds(100), milliseconds(30'000), 2.0, jitter}, 4, random).count();
  };
  CHECK(delay(0.0, 0.99) == 800);
  CHECK(delay(0.5, 0.0) == 800);
  CHECK(delay(0.5, 0.5) == 600);
  CHECK(delay(1.0, 0.75) == 200);
  // Outside of its range it counts as the nearest.
  CHECK(delay(-1.0, 0.5) == 800);
  CHECK(delay(7.0, 0.75) == 200);
  CHECK(delay(not_a_number, 0.5) == 800);
  for (const double random : {0.0, 0.1, 0.5, 0.999999}) {
    const auto jittered = delay_after({milliseconds(100), longest, 1e9, 0.3}, last_attempt, random);
    CHECK(jittered.count() >= longest.count() / 10 * 6);
    CHECK(jittered <= longest);
  }
}

}  // namespace aludel
