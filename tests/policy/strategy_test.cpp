// SPDX-License-Identifier: MIT
#include "policy/strategy.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace aludel {

namespace {

using std::chrono::milliseconds;
using Kind = Action::Kind;

constexpr auto last_attempt = std::numeric_limits<std::uint32_t>::max();

RetryPolicy retry_policy(std::uint32_t max_retries, Then then) {
  return {max_retries, {milliseconds(100), milliseconds(1'000), 2.0, 0.0}, then};
}

}  // namespace

TEST_CASE("what each strategy does with each kind of failure, at each attempt") {
  struct Row {
    Strategy strategy;
    Then then;
    FailureKind kind;
    std::uint32_t attempt;
    Action expected;
  };
  const auto wait = [](int ms) { return Action{Kind::retry, milliseconds(ms)}; };
  const Row rows[] = {
      {Strategy::fail_fast, Then::skip, FailureKind::retry, 1, {Kind::stop}},
      {Strategy::fail_fast, Then::skip, FailureKind::fail, 1, {Kind::stop}},
      {Strategy::fail_fast, Then::skip, FailureKind::fail, last_attempt, {Kind::stop}},
      {Strategy::log_and_skip, Then::stop, FailureKind::retry, 1, {Kind::skip}},
      {Strategy::log_and_skip, Then::stop, FailureKind::fail, 7, {Kind::skip}},
      {Strategy::dead_letter, Then::stop, FailureKind::retry, 1, {Kind::dead_letter}},
      {Strategy::dead_letter, Then::stop, FailureKind::fail, 7, {Kind::dead_letter}},
      // Transient: after each attempt up to max_retries (3 here) another one, then `then`.
      {Strategy::retry, Then::dead_letter, FailureKind::retry, 1, wait(100)},
      {Strategy::retry, Then::dead_letter, FailureKind::retry, 2, wait(200)},
      {Strategy::retry, Then::dead_letter, FailureKind::retry, 3, wait(400)},
      {Strategy::retry, Then::dead_letter, FailureKind::retry, 4, {Kind::dead_letter}},
      {Strategy::retry, Then::stop, FailureKind::retry, 4, {Kind::stop}},
      {Strategy::retry, Then::skip, FailureKind::retry, 4, {Kind::skip}},
      {Strategy::retry, Then::skip, FailureKind::retry, last_attempt, {Kind::skip}},
      // Permanent: at once.
      {Strategy::retry, Then::dead_letter, FailureKind::fail, 1, {Kind::dead_letter}},
      {Strategy::retry, Then::stop, FailureKind::fail, 1, {Kind::stop}},
      {Strategy::retry, Then::skip, FailureKind::fail, 1, {Kind::skip}},
      {Strategy::custom, Then::skip, FailureKind::retry, 1, {Kind::ask}},
      {Strategy::custom, Then::skip, FailureKind::fail, last_attempt, {Kind::ask}},
      // An outage is nobody's event.
      {Strategy::fail_fast, Then::skip, FailureKind::fatal, 1, {Kind::stop}},
      {Strategy::log_and_skip, Then::skip, FailureKind::fatal, 1, {Kind::stop}},
      {Strategy::dead_letter, Then::skip, FailureKind::fatal, 1, {Kind::stop}},
      {Strategy::retry, Then::skip, FailureKind::fatal, 1, {Kind::stop}},
      {Strategy::custom, Then::skip, FailureKind::fatal, last_attempt, {Kind::stop}},
  };
  for (const auto& row : rows) {
    const auto strategy = to_string(row.strategy);
    const auto then = to_string(row.then);
    CAPTURE(strategy);
    CAPTURE(then);
    CAPTURE(row.attempt);
    const auto action = decide({row.kind, row.attempt}, row.strategy, retry_policy(3, row.then), 0.0);
    CHECK(to_string(action.kind) == to_string(row.expected.kind));
    CHECK(action.delay.count() == row.expected.delay.count());
  }
}

TEST_CASE("a retry waits as long as the handler asks, up to the longest delay") {
  const auto policy = retry_policy(5, Then::stop);
  const auto delay = [&](int asked, std::uint32_t attempt) {
    return decide({FailureKind::retry, attempt, milliseconds(asked)}, Strategy::retry, policy, 0.0)
        .delay.count();
  };
  CHECK(delay(0, 1) == 100);
  CHECK(delay(50, 1) == 100);
  CHECK(delay(700, 1) == 700);
  CHECK(delay(700, 5) == 1'000);
  CHECK(delay(60'000, 1) == 1'000);
}

TEST_CASE("no retries are none, and the most there can be never overflow") {
  CHECK(decide({FailureKind::retry, 1}, Strategy::retry, retry_policy(0, Then::skip), 0.0).kind ==
        Kind::skip);
  const auto endless = retry_policy(last_attempt, Then::skip);
  CHECK(decide({FailureKind::retry, last_attempt}, Strategy::retry, endless, 0.0) ==
        Action{Kind::retry, milliseconds(1'000)});
}

TEST_CASE("what on_error decides is bounded by the operator's limits") {
  struct Row {
    Decision::Kind decision;
    int delay;
    FailureKind kind;
    std::uint32_t attempt;
    Action expected;
  };
  using D = Decision::Kind;
  const Row rows[] = {
      {D::stop, 0, FailureKind::fail, 1, {Kind::stop}},
      {D::skip, 0, FailureKind::fail, 1, {Kind::skip}},
      {D::dead_letter, 0, FailureKind::retry, 1, {Kind::dead_letter}},
      // Also of what the handler called permanent: it knows.
      {D::retry, 0, FailureKind::fail, 1, {Kind::retry, milliseconds(100)}},
      {D::retry, 0, FailureKind::retry, 2, {Kind::retry, milliseconds(200)}},
      {D::retry, 5, FailureKind::retry, 2, {Kind::retry, milliseconds(5)}},
      {D::retry, 999, FailureKind::retry, 1, {Kind::retry, milliseconds(999)}},
      {D::retry, 99'999, FailureKind::retry, 1, {Kind::retry, milliseconds(1'000)}},
      {D::retry, 5, FailureKind::retry, 3, {Kind::retry, milliseconds(5)}},
      {D::retry, 5, FailureKind::retry, 4, {Kind::skip}},
      {D::by_default, 5, FailureKind::retry, 1, {Kind::retry, milliseconds(100)}},
      {D::by_default, 0, FailureKind::retry, 4, {Kind::skip}},
      {D::by_default, 0, FailureKind::fail, 1, {Kind::skip}},
  };
  for (const auto& row : rows) {
    const auto decision = static_cast<int>(row.decision);
    CAPTURE(decision);
    CAPTURE(row.attempt);
    const auto action = bounded({row.decision, milliseconds(row.delay)}, {row.kind, row.attempt},
                                retry_policy(3, Then::skip), 0.0);
    CHECK(to_string(action.kind) == to_string(row.expected.kind));
    CHECK(action.delay.count() == row.expected.delay.count());
  }
}

TEST_CASE("the documented table says what is done") {
  const auto cell = [](Strategy strategy, FailureKind kind) {
    std::string first;
    for (const auto then : {Then::dead_letter, Then::stop, Then::skip}) {
      const auto action = decide({kind, 1}, strategy, retry_policy(1, then), 0.0);
      if (first.empty()) first = to_string(action.kind);
      if (first != to_string(action.kind)) return std::string("`then`");
    }
    return first == "retry" ? first + ", then `then`" : first;
  };
  std::ifstream in(ERROR_HANDLING_PAGE);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(!page.empty());
  for (const auto strategy : {Strategy::fail_fast, Strategy::log_and_skip, Strategy::dead_letter,
                              Strategy::retry, Strategy::custom}) {
    const auto row = "| `" + std::string(to_string(strategy)) + "`" +
                     (strategy == Strategy::fail_fast ? " (default)" : "") + " | " +
                     cell(strategy, FailureKind::retry) + " | " + cell(strategy, FailureKind::fail) + " |\n";
    CAPTURE(row);
    CHECK(page.find(row) != std::string::npos);
  }
}

}  // namespace aludel
