// SPDX-License-Identifier: MIT
#include "policy/error_policy.hpp"

#include <doctest/doctest.h>

namespace aludel {

namespace {

Treatment by(Strategy strategy) {
  Treatment treatment;
  treatment.strategy = strategy;
  return treatment;
}

std::string_view strategy(const ErrorPolicy& policy, std::string_view type, FailureKind kind) {
  return to_string(policy.choose(type, kind).strategy);
}

}  // namespace

TEST_CASE("without a word of the operator's, a failure stops the processor") {
  const ErrorPolicy policy;
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "fail_fast");
  CHECK(strategy(policy, "deposit", FailureKind::retry) == "fail_fast");
  CHECK(policy.choose("deposit", FailureKind::retry).retry == RetryPolicy{});
}

TEST_CASE("the type goes before the outcome, the outcome before the processor") {
  ErrorPolicy policy;
  policy.processor = by(Strategy::log_and_skip);
  policy.processor.on_retry = Strategy::retry;
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "log_and_skip");
  CHECK(strategy(policy, "deposit", FailureKind::retry) == "retry");

  policy.types.push_back({"deposit", by(Strategy::dead_letter)});
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "dead_letter");
  CHECK(strategy(policy, "deposit", FailureKind::retry) == "dead_letter");
  CHECK(strategy(policy, "withdrawal", FailureKind::retry) == "retry");

  policy.types[0].treatment.on_fail = Strategy::custom;
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "custom");
  CHECK(strategy(policy, "deposit", FailureKind::retry) == "dead_letter");
}

TEST_CASE("a type that says something of one outcome leaves the other to the processor") {
  ErrorPolicy policy;
  policy.processor = by(Strategy::dead_letter);
  Treatment treatment;
  treatment.on_retry = Strategy::retry;
  policy.types.push_back({"deposit", treatment});
  CHECK(strategy(policy, "deposit", FailureKind::retry) == "retry");
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "dead_letter");
}

TEST_CASE("an exact type is more specific than a prefix, a longer prefix than a shorter one") {
  ErrorPolicy policy;
  policy.types = {{"*", by(Strategy::log_and_skip)},
                  {"order.*", by(Strategy::dead_letter)},
                  {"order.paid", by(Strategy::custom)},
                  {"order.paid*", by(Strategy::retry)}};
  CHECK(strategy(policy, "deposit", FailureKind::fail) == "log_and_skip");
  CHECK(strategy(policy, "order.sent", FailureKind::fail) == "dead_letter");
  CHECK(strategy(policy, "order.paid", FailureKind::fail) == "custom");
  CHECK(strategy(policy, "order.paid.late", FailureKind::fail) == "retry");
}

TEST_CASE("the limits of retries come from the most specific that has any") {
  ErrorPolicy policy;
  policy.processor.retry = RetryPolicy{3, {}, Then::stop};
  policy.types.push_back({"deposit", by(Strategy::retry)});
  CHECK(policy.choose("deposit", FailureKind::retry).retry.max_retries == 3);
  policy.types[0].treatment.retry = RetryPolicy{9, {}, Then::skip};
  CHECK(policy.choose("deposit", FailureKind::retry).retry.max_retries == 9);
  CHECK(policy.choose("withdrawal", FailureKind::retry).retry.max_retries == 3);
}

TEST_CASE("a policy knows which strategies it uses") {
  ErrorPolicy policy;
  CHECK_FALSE(policy.uses(Strategy::custom));
  policy.processor.on_fail = Strategy::custom;
  CHECK(policy.uses(Strategy::custom));
  policy.processor.on_fail.reset();
  policy.types.push_back({"deposit", by(Strategy::custom)});
  CHECK(policy.uses(Strategy::custom));
  CHECK_FALSE(policy.uses(Strategy::retry));
}

}  // namespace aludel
