// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/catalog.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// What is wrong with a projection, a line each.
struct ProjectionFaults {
  std::vector<std::string> damage;
  std::optional<std::string> divergence;  ///< looked for where there is no damage

  [[nodiscard]] bool none() const { return damage.empty() && !divergence; }
};

/// Checks a processor's projection while its owner may be at work: that SQLite finds the database whole, that
/// the host's tables agree with each other, that it belongs to this log, up to its cursor, and has emitted
/// what the log has of it. Changes nothing.
/// @param producers of the log, at a moment before this
/// @return not_found: there is no projection yet; an error: it cannot be read
[[nodiscard]] Result<ProjectionFaults> check_projection(const std::filesystem::path& directory,
                                                        EventReader& log, const ProducerEnds& producers);

}  // namespace aludel
