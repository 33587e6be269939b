// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace aludel {

/// Which plugin files may run at all. Judged before any of their code does, constructors included.
struct TrustPolicy {
  /// Files, or folders of files, that others may write to all the same.
  std::vector<std::filesystem::path> writable_plugins;
  /// The SHA-256 digests of the only files that may run; empty: any.
  std::vector<std::string> allow;
};

/// Whoever can write a plugin's file, or put another in its place, runs code as this process's user: so
/// nobody else may (`os::other_writers` of the file and of its folder; of a link, also of the folder that
/// holds it, and of each further one on the way). One that is not there is for whoever looks into it to tell.
/// @return refused, with the reason `untrusted` or `not_allowed`; denied, io
[[nodiscard]] Result<void> check_trust(const std::filesystem::path& file, const TrustPolicy& policy);

/// Whether the file is the one that was pinned.
/// @return refused, with the reason `other_digest`; not_found, denied, io
[[nodiscard]] Result<void> check_pin(const std::filesystem::path& file, const std::string& sha256);

/// What is told of one that is not. @param sha256 its digest
[[nodiscard]] Error unpinned(const std::filesystem::path& file, const std::string& sha256);

}  // namespace aludel
