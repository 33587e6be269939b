// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "base/uuid.hpp"

namespace aludel {

/// Where a processor's cursor stands, and in which log.
struct CursorMark {
  Uuid log_id;
  std::uint64_t next = 0;
};

/// As its projection says, while its owner may be at work; of which a loss of power takes nothing back:
/// commits of a projection are not synced, so what was read is synced here.
/// @return not_found: there is none yet; corrupt, unsupported, io, locked
[[nodiscard]] Result<CursorMark> durable_cursor_mark(const std::filesystem::path& directory);

}  // namespace aludel
