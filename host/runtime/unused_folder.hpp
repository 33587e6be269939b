// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace aludel {

/// Whether nothing was ever committed in a processor's folder: it holds no projection, or one that has
/// neither tables of the handler's nor a cursor. If that cannot be told for certain, something was.
[[nodiscard]] bool nothing_committed(const std::filesystem::path& directory);

}  // namespace aludel
