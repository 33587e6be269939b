// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "processor/standstill.hpp"

/// What the host found out about a processor that the processor cannot say itself: that it crashed too often,
/// or that it could not be started, or its projection opened. Kept as `host.json` in the host's folder
/// of the processor until the next start.
namespace aludel {

/// @param directory DATA/host/NAME, which is made if it is not there
/// @param verdict crashed, refused, stopped or diverged
[[nodiscard]] Result<void> write_verdict(const std::filesystem::path& directory, const Standstill& verdict);
/// Nothing if there is none, or it cannot be read.
[[nodiscard]] std::optional<Standstill> read_verdict(const std::filesystem::path& directory);
void remove_verdict(const std::filesystem::path& directory);

}  // namespace aludel
