// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "log/file_window.hpp"
#include "log/format.hpp"

/// Finding what is still good behind something that is not.
namespace aludel {

struct FoundHeader {
  std::uint64_t offset;
  format::BlockHeader header;  ///< intact, of a block or a footer
};

/// The first intact header of this log that stands anywhere from `offset` on.
[[nodiscard]] Result<std::optional<FoundHeader>> find_header_after(FileWindow& window, std::uint64_t offset,
                                                                   const Uuid& log_id);

/// The first id that none of this log's intact headers from `offset` on proves to have been durable before
/// it: by a block's `synced_to`, or because a footer is written only once all before it is durable. Nothing
/// if there is no such header.
[[nodiscard]] Result<std::optional<std::uint64_t>> find_synced_after(FileWindow& window, std::uint64_t offset,
                                                                     const Uuid& log_id);

}  // namespace aludel
