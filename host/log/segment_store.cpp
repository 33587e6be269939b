// SPDX-License-Identifier: MIT
#include "log/segment_store.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "log/kept_segments.hpp"
#include "log/segment.hpp"

namespace aludel {

Result<SharedSegment> SegmentStore::starting_at(std::uint64_t first_id) {
  const bool at_hand = last_ && last_->header().first_id == first_id;
  if (at_hand && last_->check_read()) return last_;
  auto segment = MappedSegment::open(files_, dir_, first_id, log_id_);
  if (!segment) {
    if (segment.error().code != ErrorCode::not_found) return segment.error();
    const auto first = read_first(files_, dir_);
    if (!first) return first.error();
    if (first_id < *first) return dropped(dir_, first_id, *first);
    return corrupt(dir_ / segment_name(first_id), 0, "the segment is missing");
  }
  return last_ = std::move(*segment);
}

Result<SharedSegment> SegmentStore::holding(std::uint64_t id, std::uint64_t tip) {
  if (id >= listed_to_) {
    auto kept = kept_segments(files_, dir_);
    if (!kept) return kept.error();
    first_ids_ = std::move(kept->first_ids);
    listed_to_ = tip;
  }
  const auto after = std::upper_bound(first_ids_.begin(), first_ids_.end(), id);
  if (after == first_ids_.begin()) return dropped(dir_, id, first_ids_.empty() ? id : first_ids_.front());
  return starting_at(*(after - 1));
}

Result<SegmentStore::Located> SegmentStore::locate(std::uint64_t id, std::uint64_t tip) {
  auto segment = holding(id, tip);
  if (!segment) return segment.error();
  const auto position = (*segment)->locate(id, tip);
  if (!position) return position.error();
  if (!position->has_value()) {
    return corrupt((*segment)->path(), 0,
                   fmt::format("the segment after this one, with event {}, is missing", id));
  }
  return Located{std::move(*segment), **position};
}

}  // namespace aludel
