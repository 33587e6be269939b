// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// Checks a processor's projection while its owner may be at work: that SQLite finds the database whole, that
/// the host's tables agree with each other, and that it belongs to this log, up to its cursor. Changes
/// nothing.
/// @return what is wrong, a line each; not_found: there is no projection yet; an error: it cannot be read
[[nodiscard]] Result<std::vector<std::string>> check_projection(const std::filesystem::path& directory,
                                                                EventReader& log);

}  // namespace aludel
