// SPDX-License-Identifier: MIT
#include "processor/type_filter.hpp"

#include <utility>

namespace aludel {

TypeFilter::TypeFilter(std::vector<Subscription> subscriptions, std::vector<Subscription> narrowing)
    : subscriptions_(std::move(subscriptions)), narrowing_(std::move(narrowing)) {}

bool TypeFilter::match(const Block& block) {
  wanted_.clear();
  bool any = false;
  for (const auto [name, count] : block.types()) {
    const bool wanted = wants(name);
    wanted_.push_back(wanted ? 1 : 0);
    any = any || wanted;
  }
  return any;
}

bool TypeFilter::wants(std::string_view type) {
  if (const auto known = known_.find(type); known != known_.end()) return known->second;
  const bool wanted =
      matches_any(subscriptions_, type) && (narrowing_.empty() || matches_any(narrowing_, type));
  known_.emplace(type, wanted);
  return wanted;
}

}  // namespace aludel
