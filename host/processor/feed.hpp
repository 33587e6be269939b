// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include "base/event.hpp"
#include "base/result.hpp"
#include "log/event_log.hpp"
#include "processor/cursor.hpp"
#include "processor/type_filter.hpp"

namespace aludel {

/// The log as one processor sees it: the events that its handler wants, in order, and where between them it
/// is. Borrows the log.
class Feed {
 public:
  enum class Step {
    event,   ///< an event that is wanted
    passed,  ///< at most a block's worth of others was passed over
    tip,     ///< there is no more for now
  };

  Feed(EventReader& log, TypeFilter filter) : log_(log), filter_(std::move(filter)) {}

  /// Goes to a place that this feed, or an earlier one on this log, has been at.
  Result<void> seek(const Position& position);

  /// @param event is filled if the step is an event; valid until the next call
  /// @return corrupt, io; the place is still the one before
  Result<Step> next(Event& event);

  /// Where the feed is: behind the event last given, and behind all that was passed over since.
  [[nodiscard]] const Position& position() const { return position_; }
  /// The place in front of the event last given.
  [[nodiscard]] const Position& before_event() const { return before_event_; }

  /// Whether what was read since the last `release` was the log's.
  /// @return corrupt
  [[nodiscard]] Result<void> check_read() const { return blocks_ ? blocks_->check_read() : Result<void>(); }

  /// Lets go of what was read.
  void release() { blocks_->release(); }

 private:
  Result<Step> enter_block();

  EventReader& log_;
  TypeFilter filter_;
  std::unique_ptr<BlockCursor> blocks_;
  const Block* block_ = nullptr;         ///< the one being walked
  std::optional<Block::Events> events_;  ///< of `block_`
  Position position_;
  Position before_event_;
};

}  // namespace aludel
