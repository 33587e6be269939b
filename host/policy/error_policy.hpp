// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/strategy.hpp"

namespace aludel {

/// What an operator says about failed events, of a processor or of an event type: any part may be left to
/// what is less specific.
struct Treatment {
  std::optional<Strategy> strategy;
  std::optional<Strategy> on_retry;  ///< of transient failures only
  std::optional<Strategy> on_fail;   ///< of permanent failures only
  std::optional<RetryPolicy> retry;

  friend bool operator==(const Treatment&, const Treatment&) = default;
};

/// A processor's error strategy in full. The most specific wins: the event's type before the outcome before
/// the processor.
struct ErrorPolicy {
  struct OfType {
    std::string type;  ///< exact, or with a '*' at its end: a prefix
    Treatment treatment;

    friend bool operator==(const OfType&, const OfType&) = default;
  };

  Treatment processor;
  std::vector<OfType> types;

  struct Choice {
    Strategy strategy = Strategy::fail_fast;
    RetryPolicy retry;
  };
  /// What holds for a failure of this kind of an event of this type. An exact type is more specific than a
  /// prefix, a longer prefix than a shorter one.
  [[nodiscard]] Choice choose(std::string_view event_type, FailureKind kind) const;
  /// Whether any event may come under `strategy`.
  [[nodiscard]] bool uses(Strategy strategy) const;

  friend bool operator==(const ErrorPolicy&, const ErrorPolicy&) = default;
};

}  // namespace aludel
