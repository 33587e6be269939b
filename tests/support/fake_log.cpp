// SPDX-License-Identifier: MIT
#include "support/fake_log.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "log/encoded_block.hpp"

namespace aludel {

/// Gives out copies, and frees them as soon as it may, so that a sanitizer sees a reader that keeps too much.
class FakeCursor final : public BlockCursor {
 public:
  FakeCursor(FakeLog& log, std::size_t index) : log_(log), index_(index) {}

  Result<const Block*> next() override {
    if (index_ == log_.blocks_.size()) return static_cast<const Block*>(nullptr);
    if (log_.on_block) log_.on_block();
    const auto original = log_.block(index_);
    if (original.first_id() < log_.first_) return FakeLog::dropped(original.first_id());
    if (holds(original, log_.fails_at_)) {
      return Error{ErrorCode::corrupt,
                   "read the log: bad checksum at log/0.seg, offset " + std::to_string(index_)};
    }
    ++index_;
    ++log_.blocks_read;
    copies_.push_back(std::make_unique<std::string>(log_.blocks_[index_ - 1]));
    block_.emplace(copies_.back()->data());
    return &*block_;
  }
  Result<void> check_body() override {
    if (holds(*block_, log_.body_fails_at_))
      return Error{ErrorCode::corrupt, "read the log: bad checksum of a body"};
    ++log_.bodies_read;
    return {};
  }
  [[nodiscard]] Result<void> check_read() const override {
    const bool lost = std::any_of(copies_.begin(), copies_.end(), [&](const auto& copy) {
      return holds(Block(copy->data()), log_.lost_at_);
    });
    return lost ? Error{ErrorCode::corrupt, "read the log: it was cut"} : Result<void>();
  }
  void release() override {
    if (copies_.size() > 1) copies_.erase(copies_.begin(), copies_.end() - 1);
  }

 private:
  static bool holds(const Block& block, std::optional<std::uint64_t> id) {
    return id && *id >= block.first_id() && *id < block.end_id();
  }

  FakeLog& log_;
  std::size_t index_;
  std::vector<std::unique_ptr<std::string>> copies_;
  std::optional<Block> block_;
};

void FakeLog::append(const std::vector<Entry>& events) {
  std::vector<NewEvent> content;
  for (std::size_t i = 0; i < events.size(); ++i) {
    NewEvent event;
    event.type = events[i].type;
    event.source = "/test";
    event.key = events[i].key;
    event.content_type = "application/json";
    event.data = events[i].data;
    event.time_ns = static_cast<std::int64_t>((tip_ + i) * 1'000'000'000);
    content.push_back(event);
  }
  auto encoded = EncodedBlock::encode({.events = content});
  ALUDEL_ASSERT(encoded);
  BlockPlace place;
  place.log_id = id_;
  place.first_id = tip_;
  place.previous_crc = blocks_.empty() ? 0 : block(blocks_.size() - 1).fingerprint();
  place.time_ns = time_ns_ + history_;
  encoded->place(place);
  blocks_.emplace_back(encoded->bytes());
  tip_ += events.size();
}

void FakeLog::append(std::string_view type, std::uint64_t count, std::uint64_t per_block) {
  while (count > 0) {
    const auto size = std::min(count, per_block);
    append(std::vector<Entry>(size, Entry{type}));
    count -= size;
  }
}

void FakeLog::cut(std::uint64_t first) {
  cut_ = blocks_;
  while (tip_ > first) {
    tip_ = block(blocks_.size() - 1).first_id();
    blocks_.pop_back();
  }
  ++history_;
}

void FakeLog::drop(std::uint64_t first) {
  ALUDEL_ASSERT(block(index_of(first)).first_id() == first);
  first_ = first;
}

Error FakeLog::dropped(std::uint64_t id) {
  return {ErrorCode::not_found, "read event " + std::to_string(id) + ": it was dropped"};
}

void FakeLog::restore() {
  blocks_ = cut_;
  tip_ = block(blocks_.size() - 1).end_id();
}

Result<WaitResult> FakeLog::wait(std::uint64_t seen, const Interrupt& interrupt,
                                 std::optional<std::chrono::nanoseconds> timeout) {
  if (on_wait) {
    if (auto answer = on_wait({seen, interrupt, timeout}); !answer) return answer.error();
  }
  if (tip_ > seen) return WaitResult::new_events;
  if (interrupt.pending()) return WaitResult::interrupted;
  ALUDEL_ASSERT(timeout);  // a wait for ever that nothing ends
  return WaitResult::timed_out;
}

std::size_t FakeLog::index_of(std::uint64_t id) const {
  std::size_t index = 0;
  while (index < blocks_.size() && block(index).end_id() <= id)
    ++index;
  return index;
}

Result<std::unique_ptr<BlockCursor>> FakeLog::read_from(std::uint64_t id, Check) {
  if (id > tip_) return Error{ErrorCode::not_found, "read the log from event " + std::to_string(id)};
  if (id < first_) return dropped(id);
  return std::unique_ptr<BlockCursor>(std::make_unique<FakeCursor>(*this, index_of(id)));
}

Result<std::uint32_t> FakeLog::block_fingerprint(std::uint64_t id) {
  if (id >= tip_) return Error{ErrorCode::not_found, "look up event " + std::to_string(id)};
  if (id + 1 < first_) return dropped(id);
  const auto holder = block(index_of(id));
  if (fails_at_ && *fails_at_ >= holder.first_id() && *fails_at_ < holder.end_id()) {
    return Error{ErrorCode::corrupt, "look up event " + std::to_string(id) + ": bad checksum"};
  }
  return holder.fingerprint();
}

}  // namespace aludel
