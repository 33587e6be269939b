// SPDX-License-Identifier: MIT
#include "policy/error_policy.hpp"

#include <algorithm>

namespace aludel {

namespace {

std::optional<Strategy> strategy_of(const Treatment& treatment, FailureKind kind) {
  if (kind == FailureKind::retry && treatment.on_retry) return treatment.on_retry;
  if (kind == FailureKind::fail && treatment.on_fail) return treatment.on_fail;
  return treatment.strategy;
}

// How specific a type of the config is about an event's type; 0: it is about others.
std::size_t specificity(std::string_view type, std::string_view event_type) {
  if (!type.ends_with('*')) return type == event_type ? type.size() + 2 : 0;
  type.remove_suffix(1);
  return event_type.starts_with(type) ? type.size() + 1 : 0;
}

bool mentions(const Treatment& treatment, Strategy strategy) {
  return treatment.strategy == strategy || treatment.on_retry == strategy || treatment.on_fail == strategy;
}

}  // namespace

ErrorPolicy::Choice ErrorPolicy::choose(std::string_view event_type, FailureKind kind) const {
  Choice choice;
  choice.strategy = strategy_of(processor, kind).value_or(Strategy::fail_fast);
  choice.retry = processor.retry.value_or(RetryPolicy{});
  std::size_t strategy_found = 0;
  std::size_t retry_found = 0;
  for (const auto& [type, treatment] : types) {
    const auto found = specificity(type, event_type);
    if (const auto strategy = strategy_of(treatment, kind); strategy && found > strategy_found) {
      choice.strategy = *strategy;
      strategy_found = found;
    }
    if (treatment.retry && found > retry_found) {
      choice.retry = *treatment.retry;
      retry_found = found;
    }
  }
  return choice;
}

bool ErrorPolicy::uses(Strategy strategy) const {
  return mentions(processor, strategy) || std::any_of(types.begin(), types.end(), [&](const OfType& type) {
           return mentions(type.treatment, strategy);
         });
}

}  // namespace aludel
