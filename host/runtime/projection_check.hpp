// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// What is wrong with a projection, a line each.
struct ProjectionFaults {
  std::vector<std::string> damage;
  std::optional<std::string> divergence;  ///< looked for where there is no damage

  [[nodiscard]] bool none() const { return damage.empty() && !divergence; }
};

/// Checks a processor's projection while its owner may be at work: that SQLite finds the database whole, that
/// the host's tables agree with each other, and that it belongs to this log, up to its cursor. Changes
/// nothing.
/// @return not_found: there is no projection yet; an error: it cannot be read
[[nodiscard]] Result<ProjectionFaults> check_projection(const std::filesystem::path& directory,
                                                        EventReader& log);

}  // namespace aludel
