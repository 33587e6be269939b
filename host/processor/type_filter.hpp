// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "log/block.hpp"
#include "plugin/description.hpp"

namespace aludel {

/// Which events a processor hands to its handler. Subscriptions are matched against a block's directory of
/// types, once a block; an event then costs a look at its type's index.
class TypeFilter {
 public:
  /// @param subscriptions the handler's
  /// @param narrowing the operator's `types`; empty: no narrowing
  TypeFilter(std::vector<Subscription> subscriptions, std::vector<Subscription> narrowing);

  /// Matches the block's types. @return whether any is wanted
  bool match(const Block& block);
  /// Whether the type at `index` of the directory of the block last matched is wanted.
  [[nodiscard]] bool wanted(std::uint32_t index) const { return wanted_[index] != 0; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  bool wants(std::string_view type);

  std::vector<Subscription> subscriptions_;
  std::vector<Subscription> narrowing_;
  // Blocks may be as small as one event, and a handler may have a thousand subscriptions. A log has at most
  // limits::log_types_max types.
  std::unordered_map<std::string, bool, Hash, std::equal_to<>> known_;
  std::vector<std::uint8_t> wanted_;
};

}  // namespace aludel
