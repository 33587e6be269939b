// SPDX-License-Identifier: MIT
#include "processor/feed.hpp"

namespace aludel {

Result<void> Feed::seek(const Position& position) {
  auto blocks = log_.read_from(position.next, Check::directory);
  if (!blocks) return blocks.error();
  blocks_ = std::move(*blocks);
  block_ = nullptr;
  position_ = position;
  before_event_ = position;
  return {};
}

Result<Feed::Step> Feed::next(Event& event) {
  if (block_ == nullptr) {
    auto entered = enter_block();
    if (!entered || *entered != Step::event) return entered;
  }
  const auto fingerprint = block_->fingerprint();
  while (events_->next(event)) {
    if (!filter_.wanted(events_->type_index())) continue;
    // In front of a block's first event stands the block before.
    const auto before = event.id == block_->first_id() ? position_.fingerprint : fingerprint;
    before_event_ = {event.id, before};
    position_ = {event.id + 1, fingerprint};
    return Step::event;
  }
  position_ = {block_->end_id(), fingerprint};
  block_ = nullptr;
  return Step::passed;
}

// `Step::event`: the block holds some that are wanted, perhaps all of them behind us.
Result<Feed::Step> Feed::enter_block() {
  const auto block = blocks_->next();
  if (!block) return block.error();
  if (*block == nullptr) return Step::tip;
  if (!filter_.match(**block)) {
    position_ = {(*block)->end_id(), (*block)->fingerprint()};
    return Step::passed;
  }
  if (auto sound = blocks_->check_body(); !sound) return sound.error();
  block_ = *block;
  events_ = block_->events(position_.next);
  return Step::event;
}

}  // namespace aludel
