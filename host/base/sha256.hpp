// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// The SHA-256 digest (FIPS 180-4) of a file's bytes, as 64 lower-case hexadecimal digits.
/// @return not_found, denied, io
[[nodiscard]] Result<std::string> sha256_of(const std::filesystem::path& file);

/// Whether a text is such a digest.
[[nodiscard]] bool is_sha256(std::string_view text);

}  // namespace aludel
