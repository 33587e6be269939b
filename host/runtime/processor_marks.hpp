// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "base/error.hpp"
#include "log/known_mark.hpp"
#include "runtime/data_directory.hpp"

namespace aludel {

/// What the processors of a data directory know of its log: events below their cursors were published.
struct ProcessorMarks {
  std::vector<KnownMark> marks;  ///< `untold` where a cursor is there and cannot be read
  std::optional<Error> unread;   ///< why the processors cannot be listed
};

/// Of those whose projection is damaged, or of a newer Aludel, nothing is known, nor of those that are
/// `diverged`.
/// @param sync_full what was published was synced before
[[nodiscard]] ProcessorMarks processor_marks(const DataDirectory& data, bool sync_full);

}  // namespace aludel
