// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "log/event_log.hpp"
#include "log/segment_store.hpp"

namespace aludel {

/// A cursor over a segment log's blocks. Borrows reader and store.
[[nodiscard]] std::unique_ptr<BlockCursor> make_segment_cursor(const EventReader& reader, SegmentStore& store,
                                                               SegmentStore::Located start, Check check);

}  // namespace aludel
