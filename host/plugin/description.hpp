// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace aludel {

/// Event types that a handler, or an operator's `types`, wants.
struct Subscription {
  enum class Kind : std::uint32_t { exact = 1, prefix = 2, all = 3 };  // ALUDEL_EXACT ...
  Kind kind = Kind::all;
  std::string type;  ///< empty for `all`

  [[nodiscard]] bool matches(std::string_view event_type) const;
  /// Whether there are types that both match.
  [[nodiscard]] bool overlaps(const Subscription& other) const;
  friend bool operator==(const Subscription&, const Subscription&) = default;
};

/// Whether any of the subscriptions wants events of this type.
[[nodiscard]] bool matches_any(const std::vector<Subscription>& subscriptions, std::string_view event_type);
/// Whether any of them has types in common with `other`.
[[nodiscard]] bool overlaps_any(const std::vector<Subscription>& subscriptions, const Subscription& other);

/// What a handler says of itself: a copy that outlives its library.
struct HandlerDescription {
  std::string id;
  std::string name;
  std::string version;
  std::string vendor;
  std::string description;
  std::string config_schema;
  std::uint32_t flags = 0;  ///< ALUDEL_HANDLER_*
  std::uint32_t projection_version = 0;
  std::vector<Subscription> subscriptions;
  bool has_validate = false;
  bool has_on_error = false;

  friend bool operator==(const HandlerDescription&, const HandlerDescription&) = default;
};

/// What a plugin holds: a copy that outlives its library.
struct LibraryDescription {
  std::filesystem::path path;
  std::uint32_t abi_minor_built = 0;
  std::uint32_t abi_minor_required = 0;
  std::vector<HandlerDescription> handlers;

  friend bool operator==(const LibraryDescription&, const LibraryDescription&) = default;
};

/// A refusal (duplicate_handler_id) for each handler id that several of the plugins hold, naming their files;
/// which of them is meant is the operator's to say.
[[nodiscard]] std::vector<Error> duplicate_handlers(const std::vector<LibraryDescription>& libraries);

}  // namespace aludel
