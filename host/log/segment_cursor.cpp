// SPDX-License-Identifier: MIT
#include "log/segment_cursor.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "log/block_check.hpp"
#include "log/segment.hpp"

namespace aludel {

namespace {

class SegmentCursor final : public BlockCursor {
 public:
  SegmentCursor(const EventReader& reader, SegmentStore& store, SegmentStore::Located start, Check check)
      : reader_(reader),
        store_(store),
        segment_(std::move(start.segment)),
        next_(start.position),
        check_(check) {}

  Result<const Block*> next() override {
    while (next_.first_id < reader_.tip()) {
      const auto header = segment_->block_at(next_);
      if (!header) return header.error();
      if (header->has_value()) return take(**header);
      if (auto ok = go_on(); !ok) return ok.error();
    }
    return nullptr;
  }

  Result<void> check_body() override {
    ALUDEL_ASSERT(block_);
    return report(body_fault(block_at_), block_offset_);
  }

  [[nodiscard]] Result<void> check_read() const override {
    for (const auto& segment : passed_) {
      if (auto read = segment->check_read(); !read) return read;
    }
    return segment_->check_read();
  }

  void release() override { passed_.clear(); }

 private:
  Result<const Block*> take(const format::BlockHeader& header) {
    const auto* at = segment_->at(next_.offset);
    auto fault = directory_fault(at);
    if (!fault && check_ == Check::body) fault = body_fault(at);
    // A footer or a tip page made by a faulty writer may end the log in the middle of a block.
    if (!fault && next_.first_id + header.count > reader_.tip())
      fault = "the block goes on behind the end of the log";
    if (auto ok = report(fault, next_.offset); !ok) return ok.error();
    block_at_ = at;
    block_offset_ = next_.offset;
    block_.emplace(at, header);
    next_ = {block_->end_id(), next_.offset + block_->size(), header.common.crc};
    return &*block_;
  }

  // To the next segment, which begins where this one has ended.
  Result<void> go_on() {
    auto segment = store_.starting_at(next_.first_id);
    if (!segment) return segment.error();
    if (*segment == segment_)
      return corrupt(segment_->path(), next_.offset, "the segment ends without a block");
    if (next_.previous_crc && (*segment)->header().previous_crc != *next_.previous_crc) {
      return corrupt((*segment)->path(), 0, "the segment does not follow the one before it");
    }
    passed_.push_back(std::exchange(segment_, std::move(*segment)));
    next_.offset = sizeof(format::SegmentHeader);
    next_.previous_crc = segment_->header().previous_crc;
    return {};
  }

  [[nodiscard]] Result<void> report(const Fault& fault, std::uint64_t offset) const {
    if (fault) return segment_->damaged(offset, *fault);
    return {};
  }

  const EventReader& reader_;
  SegmentStore& store_;
  SharedSegment segment_;
  std::vector<SharedSegment> passed_;  // kept for whoever still uses bytes of them
  BlockPosition next_;
  const Check check_;
  std::optional<Block> block_;
  const char* block_at_ = nullptr;
  std::uint64_t block_offset_ = 0;
};

}  // namespace

std::unique_ptr<BlockCursor> make_segment_cursor(const EventReader& reader, SegmentStore& store,
                                                 SegmentStore::Located start, Check check) {
  return std::make_unique<SegmentCursor>(reader, store, std::move(start), check);
}

}  // namespace aludel
