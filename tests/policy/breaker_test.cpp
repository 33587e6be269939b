// SPDX-License-Identifier: MIT
#include "policy/breaker.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace aludel {

namespace {

using State = Breaker::State;
using std::chrono::seconds;

constexpr Breaker::Time begin{};

/// What happens to a breaker of 3 failures within 60 s and 2 successes, in a line: a letter is the failure of
/// an event of that key, '+' a success, a digit so many times 10 s, '>' the end of its open time, '!' the
/// operator's resume.
State after(const std::string& story) {
  Breaker breaker(BreakerPolicy{3, seconds(60), seconds(30), 2});
  auto now = begin;
  for (const char c : story) {
    if (c == '+') {
      breaker.succeed();
    } else if (c == '>') {
      breaker.half_open();
    } else if (c == '!') {
      breaker.close();
    } else if (c >= '0' && c <= '9') {
      now += seconds(10) * (c - '0');
    } else {
      const bool is_open = breaker.fail(std::string(1, c), now);
      CHECK(is_open == (breaker.state() == State::open));
    }
  }
  return breaker.state();
}

}  // namespace

TEST_CASE("failures of different keys in a time open a breaker, those of one key never do") {
  struct Row {
    const char* story;
    State state;
  };
  const Row rows[] = {
      {"", State::closed},           {"ab", State::closed},          {"abc", State::open},
      {"aaaaaaaaaa", State::closed}, {"abababababa", State::closed}, {"a+b+c", State::open},
      {"a6b6c", State::closed},      {"a3b3c", State::open},         {"a6bc", State::open},
      {"a7bc", State::closed},       {"a4a4bc", State::open},        {"abc>", State::half_open},
      {"abc>a", State::half_open},   {"abc>aaaa", State::half_open}, {"abc>ab", State::open},
      {"abc>a+b", State::open},      {"abc>+", State::half_open},    {"abc>++", State::closed},
      {"abc>+a+", State::closed},    {"abc>++ab", State::closed},    {"abc>++abc", State::open},
      {"abc>ab>++", State::closed},  {"abc!", State::closed},        {"abc!ab", State::closed},
      {"abcd", State::open},
  };
  for (const auto& row : rows) {
    CAPTURE(row.story);
    CHECK(after(row.story) == row.state);
  }
}

TEST_CASE("a breaker without a policy never opens, and doubts nothing") {
  Breaker breaker(std::nullopt);
  for (const auto* key : {"a", "b", "c", "d", "e", "f", "g"}) {
    CHECK_FALSE(breaker.fail(key, begin));
    CHECK_FALSE(breaker.doubts());
  }
  CHECK(breaker.state() == State::closed);
}

TEST_CASE(
    "what is decided on failures waits until a success, an open breaker, or as many failures of one key") {
  Breaker breaker(BreakerPolicy{3, seconds(60), seconds(30), 2});
  CHECK_FALSE(breaker.doubts());
  breaker.fail("a", begin);
  CHECK(breaker.doubts());
  breaker.succeed();
  CHECK_FALSE(breaker.doubts());
  breaker.fail("a", begin);
  breaker.fail("a", begin);
  CHECK(breaker.doubts());
  breaker.fail("a", begin);
  CHECK_FALSE(breaker.doubts());
  breaker.fail("b", begin);
  breaker.fail("c", begin);
  CHECK(breaker.state() == State::open);
  CHECK_FALSE(breaker.doubts());
  breaker.half_open();
  CHECK_FALSE(breaker.succeed());
  CHECK(breaker.succeed());
  CHECK(breaker.state() == State::closed);
}

}  // namespace aludel
