// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace aludel::os {

/// Who else than this process's user, and root, may write to a file, or replace what lies in a folder: "it
/// belongs to user 1001", "everybody may write to it (mode 0777)"; empty: nobody. The process's own group
/// counts as its user, and a folder with the sticky bit as closed: there others cannot replace what is not
/// theirs. Links are followed; access control lists are not looked at.
/// @return not_found, denied, io
[[nodiscard]] Result<std::string> other_writers(const std::filesystem::path& path);

}  // namespace aludel::os
