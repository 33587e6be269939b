// SPDX-License-Identifier: MIT
#include "processor/batch.hpp"

#include <algorithm>

namespace aludel {

namespace {

// Attempts are not counted over runs yet.
constexpr std::uint32_t first_attempt = 1;

constexpr std::uint32_t number(Stage stage) {
  return static_cast<std::uint32_t>(stage);
}

}  // namespace

Batch::Batch(Parts parts, const Cursor& cursor, std::optional<std::uint64_t> stopped_at,
             std::uint64_t size_max)
    : parts_(parts), cursor_(cursor), stopped_at_(stopped_at) {
  delivered_.reserve(size_max);
}

std::optional<Fault> Batch::begin() {
  if (auto begun = parts_.projection.begin(); !begun) return environment_fault("begin", begun.error());
  begun_ = true;
  return std::nullopt;
}

std::optional<Fault> Batch::deliver(const Event& event, std::uint32_t flags) {
  delivered_.push_back(event.id);
  parts_.projection.clock().set(event.time_ns);
  parts_.page.enter(number(Stage::handle), event.id, first_attempt);
  const auto outcome = parts_.instance.handle(event, flags, first_attempt);
  parts_.page.leave();
  if (outcome == Outcome::handled || outcome == Outcome::skip) {
    ++(outcome == Outcome::skip ? skipped_ : handled_);
    return std::nullopt;
  }
  auto fault = handler_fault(Stage::handle, outcome, event.id);
  fault.left_nothing = !parts_.instance.wrote() && !parts_.instance.transaction_lost();
  return fault;
}

std::optional<Fault> Batch::flush() {
  if (delivered_.empty()) return std::nullopt;
  const bool alone = delivered_.size() == 1;
  parts_.page.enter(number(Stage::flush), delivered_.front(), alone ? first_attempt : 0);
  const auto outcome = parts_.instance.flush();
  parts_.page.leave();
  if (outcome == Outcome::handled) return std::nullopt;
  auto culprit = alone ? delivered_.front() : parts_.instance.error().event_id;
  if (culprit && !std::binary_search(delivered_.begin(), delivered_.end(), *culprit)) culprit.reset();
  auto fault = handler_fault(Stage::flush, outcome, culprit);
  if (fault.kind == FailureKind::fatal) fault.at = Fault::At::environment;
  return fault;
}

std::optional<Fault> Batch::commit(const Position& to, const std::optional<Standstill>& standstill) {
  if (!begun_) {
    if (auto fault = begin()) return fault;
  }
  // Outside a transaction the cursor would move without the rows: an instance has hidden that it lost it.
  ALUDEL_ASSERT(parts_.projection.database().in_transaction());
  const Cursor moved{
      .position = to,
      .handled = cursor_.handled + handled_,
      .skipped = cursor_.skipped + skipped_,
      .dead_letters = cursor_.dead_letters,
  };
  if (auto written = write_bookkeeping(moved, standstill); !written) {
    return environment_fault("commit", written.error());
  }
  if (auto committed = parts_.projection.commit(); !committed) return commit_fault(committed.error());
  cursor_ = moved;
  if (stopped_at_ && to.next > *stopped_at_) stopped_at_.reset();
  clear();
  return std::nullopt;
}

Result<void> Batch::write_bookkeeping(const Cursor& to, const std::optional<Standstill>& standstill) {
  auto& tables = parts_.projection.tables();
  if (auto moved = tables.move_cursor(cursor_.position, to); !moved) return moved;
  if (standstill) return tables.note_standstill(*standstill);
  if (stopped_at_ && to.position.next > *stopped_at_) return tables.clear_standstill();
  return {};
}

void Batch::take_back() {
  tell_rolled_back(delivered_.back());
  delivered_.pop_back();
}

Result<void> Batch::undo() {
  auto rolled_back = parts_.projection.rollback();
  if (!delivered_.empty()) tell_rolled_back(delivered_.front());
  clear();
  return rolled_back;
}

void Batch::tell_rolled_back(std::uint64_t event_id) {
  parts_.page.enter(number(Stage::rolled_back), event_id, 0);
  parts_.instance.rolled_back(event_id);
  parts_.page.leave();
}

void Batch::clear() {
  begun_ = false;
  delivered_.clear();
  handled_ = 0;
  skipped_ = 0;
}

Fault Batch::handler_fault(Stage stage, Outcome outcome, std::optional<std::uint64_t> event_id) const {
  return {
      .at = event_id ? Fault::At::event : Fault::At::batch,
      .kind = failure_kind(outcome),
      .left_nothing = false,
      .error = handler_error(stage, outcome, parts_.instance.error(), event_id, parts_.clock.wall_ns()),
  };
}

Fault Batch::commit_fault(const Error& error) const {
  // SQLite refuses a commit for a deferred constraint: then the rows are at fault, not the disk.
  if (error.code != ErrorCode::invalid || delivered_.empty()) return environment_fault("commit", error);
  std::optional<std::uint64_t> culprit;
  if (delivered_.size() == 1) culprit = delivered_.front();
  auto about = host_error("commit", error, parts_.clock.wall_ns());
  about.event_id = culprit;
  about.attempt = culprit ? first_attempt : 0;
  about.code = "constraint";
  return {
      .at = culprit ? Fault::At::event : Fault::At::batch,
      .kind = FailureKind::fail,
      .left_nothing = false,
      .error = std::move(about),
  };
}

Fault Batch::environment_fault(std::string_view stage, const Error& error) const {
  return {
      .at = Fault::At::environment,
      .kind = FailureKind::fatal,
      .left_nothing = false,
      .error = host_error(stage, error, parts_.clock.wall_ns()),
  };
}

}  // namespace aludel
