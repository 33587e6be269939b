// SPDX-License-Identifier: MIT
#include "policy/strategy.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace aludel {

namespace {

using Kind = Action::Kind;

Action given_up(Then then) {
  switch (then) {
    case Then::dead_letter: return {Kind::dead_letter};
    case Then::stop: return {Kind::stop};
    case Then::skip: return {Kind::skip};
  }
  assertion_failed("every `then` is an action", __FILE__, __LINE__);
}

// The handler may ask for a longer delay than the backoff has, not for one over its longest.
Action tried_again(const Failure& failure, const RetryPolicy& retry, double random) {
  if (failure.attempt > retry.max_retries) return given_up(retry.then);
  const auto asked = std::min(failure.retry_after, retry.backoff.max);
  return {Kind::retry, std::max(delay_after(retry.backoff, failure.attempt, random), asked)};
}

Action retried_if_transient(const Failure& failure, const RetryPolicy& retry, double random) {
  return failure.kind == FailureKind::retry ? tried_again(failure, retry, random) : given_up(retry.then);
}

}  // namespace

Action decide(const Failure& failure, Strategy strategy, const RetryPolicy& retry, double random) {
  // An outage is not the event's fault: no strategy may move past it.
  if (failure.kind == FailureKind::fatal) return {Kind::stop};
  switch (strategy) {
    case Strategy::fail_fast: return {Kind::stop};
    case Strategy::log_and_skip: return {Kind::skip};
    case Strategy::dead_letter: return {Kind::dead_letter};
    case Strategy::retry: return retried_if_transient(failure, retry, random);
    case Strategy::custom: return {Kind::ask};
  }
  assertion_failed("every strategy decides", __FILE__, __LINE__);
}

Action bounded(const Decision& decision, const Failure& failure, const RetryPolicy& retry, double random) {
  switch (decision.kind) {
    case Decision::Kind::by_default: return retried_if_transient(failure, retry, random);
    case Decision::Kind::stop: return {Kind::stop};
    case Decision::Kind::skip: return {Kind::skip};
    case Decision::Kind::dead_letter: return {Kind::dead_letter};
    case Decision::Kind::retry: break;
  }
  auto action = tried_again(failure, retry, random);
  if (action.kind == Kind::retry && decision.delay.count() > 0) {
    action.delay = std::min(decision.delay, retry.backoff.max);
  }
  return action;
}

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::fail_fast: return "fail_fast";
    case Strategy::log_and_skip: return "log_and_skip";
    case Strategy::dead_letter: return "dead_letter";
    case Strategy::retry: return "retry";
    case Strategy::custom: return "custom";
  }
  return "unknown";
}

std::string_view to_string(Then then) {
  switch (then) {
    case Then::dead_letter: return "dead_letter";
    case Then::stop: return "stop";
    case Then::skip: return "skip";
  }
  return "unknown";
}

std::string_view to_string(Action::Kind kind) {
  switch (kind) {
    case Kind::stop: return "stop";
    case Kind::skip: return "skip";
    case Kind::dead_letter: return "dead_letter";
    case Kind::retry: return "retry";
    case Kind::ask: return "ask";
  }
  return "unknown";
}

}  // namespace aludel
