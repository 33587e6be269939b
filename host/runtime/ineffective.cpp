// SPDX-License-Identifier: MIT
#include "runtime/ineffective.hpp"

#include <aludel/plugin.h>

namespace aludel {

namespace {

// The defaults, as `config show` writes them, are nobody's wish.
bool is_set(const Treatment& treatment) {
  return treatment.retry && *treatment.retry != RetryPolicy{};
}

}  // namespace

std::vector<std::string> without_effect(const ProcessorConfig& config, const HandlerDescription& handler) {
  std::vector<std::string> result;
  const auto& policy = config.error_policy;
  const auto where = "[processor." + config.name + "]";
  const auto of_type = [&](const std::string& type) {
    return "[processor." + config.name + ".type.\"" + type + "\"]";
  };
  const auto retry_of = [&](const std::string& place) {
    result.push_back(
        "retry of " + place +
        " has no effect: no strategy of the processor is \"retry\" or \"custom\"; choose one, or "
        "leave it out");
  };
  const auto on_fail_of = [&](const std::string& place, const Treatment& treatment) {
    if (treatment.on_fail != Strategy::retry) return;
    result.push_back("on.fail = \"retry\" of " + place +
                     " retries nothing: a permanent failure goes to `then` of retry at once; name what is to "
                     "become of it instead");
  };
  on_fail_of(where, policy.processor);
  const bool retries = policy.uses(Strategy::retry) || policy.uses(Strategy::custom);
  if (!retries && is_set(policy.processor)) retry_of(where);
  for (const auto& [type, treatment] : policy.types) {
    const auto subscription = parse_subscription(type);
    on_fail_of(of_type(type), treatment);
    if ((handler.flags & ALUDEL_HANDLER_DYNAMIC) == 0 && !overlaps_any(handler.subscriptions, subscription)) {
      result.push_back(of_type(type) + " has no effect: " + handler.id + " does not subscribe to it");
    } else if (!config.types.empty() && !overlaps_any(config.types, subscription)) {
      result.push_back(of_type(type) + " has no effect: types of " + where + " leaves it out");
    } else if (!retries && is_set(treatment)) {
      retry_of(of_type(type));
    }
  }
  if (config.replay.strategy == ReplayStrategy::off && config.replay != ReplayPolicy{}) {
    result.push_back("replay of " + where +
                     " has no effect: its strategy is \"off\"; choose another, or leave it out");
  }
  const bool on_thread = config.isolation == Isolation::thread;
  if (on_thread && config.sandbox.level == SandboxLevel::strict) {
    result.push_back("sandbox of " + where +
                     " has no effect: isolation = \"thread\" runs it in the host, which has none");
  }
  if (config.sandbox.network && (on_thread || config.sandbox.level == SandboxLevel::off)) {
    result.push_back("network of " + where + " has no effect: it is not sandboxed, so it may use it anyway");
  }
  return result;
}

}  // namespace aludel
