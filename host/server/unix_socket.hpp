// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

/// Unix sockets by path, of any length.
namespace aludel {

/// Listens on a new socket that only its owner may connect to. What stands at `path` is replaced, so the
/// caller holds the data directory's lock: then it is left over from a host that is gone.
[[nodiscard]] Result<os::Descriptor> listen_at(const std::filesystem::path& path);

/// @return not_found: nobody listens there; timed_out: somebody does, but accepts nobody; denied
[[nodiscard]] Result<os::Descriptor> connect_to(const std::filesystem::path& path);

}  // namespace aludel
