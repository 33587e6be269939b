// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

/// Files in a folder that a plugin may write. Something else may have their names there, which holds up
/// whoever opens it or reads it: a pipe does for ever.
namespace aludel::os {

/// Opens a file without ever waiting, links followed unless the flags say otherwise.
/// @param flags of open(2); O_CLOEXEC is added
/// @return corrupt: it is none; not_found, denied, io
[[nodiscard]] Result<Descriptor> open_regular_file(const std::filesystem::path& path, int flags);

/// For those who open it by other means. What is not there may yet become a file. @return corrupt: it is none
[[nodiscard]] Result<void> require_regular_file(const std::filesystem::path& path);

}  // namespace aludel::os
