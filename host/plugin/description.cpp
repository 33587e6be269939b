// SPDX-License-Identifier: MIT
#include "plugin/description.hpp"

#include <algorithm>
#include <map>

#include "plugin/refusal.hpp"

namespace aludel {

bool Subscription::matches(std::string_view event_type) const {
  switch (kind) {
    case Kind::exact: return event_type == type;
    case Kind::prefix: return event_type.starts_with(type);
    case Kind::all: return true;
  }
  return false;
}

bool Subscription::overlaps(const Subscription& other) const {
  if (kind == Kind::exact) return other.matches(type);
  if (other.kind == Kind::exact) return matches(other.type);
  return type.starts_with(other.type) || other.type.starts_with(type);  // that of `all` is empty
}

bool matches_any(const std::vector<Subscription>& subscriptions, std::string_view event_type) {
  return std::any_of(subscriptions.begin(), subscriptions.end(),
                     [&](const Subscription& subscription) { return subscription.matches(event_type); });
}

bool overlaps_any(const std::vector<Subscription>& subscriptions, const Subscription& other) {
  return std::any_of(subscriptions.begin(), subscriptions.end(),
                     [&](const Subscription& subscription) { return subscription.overlaps(other); });
}

std::vector<Error> duplicate_handlers(const std::vector<LibraryDescription>& libraries) {
  std::map<std::string_view, const std::filesystem::path*> seen;
  std::vector<Error> errors;
  for (const auto& library : libraries) {
    for (const auto& handler : library.handlers) {
      const auto [first, is_new] = seen.emplace(handler.id, &library.path);
      if (is_new) continue;
      errors.push_back(refusal::error(library.path, refusal::duplicate_handler_id,
                                      "its handler " + handler.id + " is in " + first->second->string() +
                                          " too: remove one of the two files"));
    }
  }
  return errors;
}

}  // namespace aludel
