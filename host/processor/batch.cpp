// SPDX-License-Identifier: MIT
#include "processor/batch.hpp"

#include <algorithm>

namespace aludel {

namespace {

constexpr std::uint32_t number(Stage stage) {
  return static_cast<std::uint32_t>(stage);
}

}  // namespace

Batch::Batch(Parts parts, const Cursor& cursor, std::optional<FailingEvent> failing, std::uint64_t size_max,
             std::uint64_t bytes_max)
    : parts_(parts),
      validates_(parts.instance.description().has_validate),
      bytes_max_(bytes_max),
      cursor_(cursor),
      failing_(failing) {
  delivered_.reserve(size_max);
}

// Names the event at fault, with its attempts.
void Batch::blame(ProcessorError& error, std::uint64_t event_id) const {
  error.event_id = event_id;
  error.attempt = attempt(event_id);
  error.first_failed_ns = error.attempt > 1 ? failing_->first_failed_ns : error.since_ns;
}

std::optional<Fault> Batch::begin() {
  if (auto begun = parts_.projection.begin(); !begun) return environment_fault("begin", begun.error());
  begun_ = true;
  bytes_before_ = parts_.projection.database().bytes_written();
  return std::nullopt;
}

bool Batch::has_written_enough() const {
  return begun_ && parts_.projection.database().bytes_written() - bytes_before_ >= bytes_max_;
}

std::optional<Fault> Batch::deliver(const Event& event, std::uint32_t flags) {
  delivered_.push_back(event.id);
  last_tried_ = event.id;
  ++tried_;
  parts_.projection.clock().set(event.time_ns);
  auto stage = Stage::validate;
  auto outcome = Outcome::handled;
  if (validates_) outcome = call(stage, event, flags);
  if (outcome == Outcome::handled) outcome = call(stage = Stage::handle, event, flags);
  if (outcome == Outcome::handled || outcome == Outcome::skip) {
    ++(outcome == Outcome::skip ? skipped_ : handled_);
    return std::nullopt;
  }
  auto fault = handler_fault(stage, outcome, event.id);
  fault.left_nothing = !parts_.instance.wrote() && !parts_.instance.transaction_lost();
  return fault;
}

Outcome Batch::call(Stage stage, const Event& event, std::uint32_t flags) {
  const auto number_of_attempt = attempt(event.id);
  parts_.page.enter(number(stage), event.id, number_of_attempt);
  const auto outcome = stage == Stage::validate ? parts_.instance.validate(event, flags, number_of_attempt)
                                                : parts_.instance.handle(event, flags, number_of_attempt);
  parts_.page.leave();
  return outcome;
}

std::optional<Fault> Batch::failed_by(const Death& death, std::uint64_t event_id) const {
  if (event_id != death.event_id || attempt(event_id) != death.attempt || !death.counts())
    return std::nullopt;
  Fault fault{.stage = static_cast<Stage>(death.stage), .error = failure_by(death, parts_.clock.wall_ns())};
  blame(fault.error, event_id);
  return fault;
}

std::optional<Fault> Batch::pass(const Event& event, const ProcessorError* error) {
  if (!begun_) {
    if (auto fault = begin()) return fault;
  }
  if (error != nullptr) {
    const auto& version = parts_.instance.description().version;
    if (auto added = parts_.projection.letters().add(event, *error, version); !added) {
      return environment_fault("dead_letter", added.error());
    }
  }
  ++passed_;
  ++(error != nullptr ? dead_letters_ : skipped_);
  return std::nullopt;
}

std::optional<Decision> Batch::ask(const Event& event, const Fault& fault, std::string& why) {
  const Instance::EventFailure failure{
      fault.stage,      fault.outcome,       fault.error.attempt,    fault.error.first_failed_ns,
      fault.error.code, fault.error.message, fault.error.detail_json};
  parts_.page.enter(number(Stage::on_error), event.id, fault.error.attempt);
  const auto decision = parts_.instance.on_error(event, failure);
  parts_.page.leave();
  if (!decision) why = parts_.instance.error().code + ": " + parts_.instance.error().message;
  return decision;
}

std::optional<Fault> Batch::flush() {
  if (delivered_.empty()) return std::nullopt;
  const bool alone = delivered_.size() == 1;
  enter(Stage::flush);
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
      .dead_letters = cursor_.dead_letters + dead_letters_,
  };
  if (auto written = write_bookkeeping(moved, standstill); !written) {
    return environment_fault("commit", written.error());
  }
  if (auto committed = parts_.projection.commit(); !committed) return commit_fault(committed.error());
  cursor_ = moved;
  if (failing_ && to.next > failing_->id) failing_.reset();
  if (standstill && standstill->error.event_id) failing_ = failing_event(standstill->error);
  clear();
  return std::nullopt;
}

Result<void> Batch::write_bookkeeping(const Cursor& to, const std::optional<Standstill>& standstill) {
  auto& tables = parts_.projection.tables();
  if (auto moved = tables.move_cursor(cursor_.position, to); !moved) return moved;
  if (failing_ && to.position.next > failing_->id) {
    if (auto cleared = tables.clear_standstill(); !cleared) return cleared;
  }
  return standstill ? tables.note_standstill(*standstill) : Result<void>();
}

// A call for all that was delivered: an event that is alone is at stake itself. One that was taken back may
// have left behind what the process dies of.
void Batch::enter(Stage stage) {
  parts_.page.enter(number(stage), last_tried_, tried_ == 1 ? attempt(last_tried_) : 0);
}

void Batch::take_back() {
  enter(Stage::rolled_back);
  parts_.instance.rolled_back(delivered_.back());
  parts_.page.leave();
  delivered_.pop_back();
}

Result<void> Batch::undo() {
  auto rolled_back = parts_.projection.rollback();
  if (!delivered_.empty()) {
    enter(Stage::rolled_back);
    parts_.instance.rolled_back(delivered_.front());
    parts_.page.leave();
  }
  clear();
  return rolled_back;
}

void Batch::clear() {
  begun_ = false;
  delivered_.clear();
  tried_ = 0;
  passed_ = 0;
  handled_ = 0;
  skipped_ = 0;
  dead_letters_ = 0;
}

Fault Batch::handler_fault(Stage stage, Outcome outcome, std::optional<std::uint64_t> event_id) const {
  Fault fault{
      .at = event_id ? Fault::At::event : Fault::At::batch,
      .kind = failure_kind(outcome),
      .stage = stage,
      .outcome = outcome,
      .retry_after = parts_.instance.error().retry_after,
      .error = handler_error(stage, outcome, parts_.instance.error(), parts_.clock.wall_ns()),
  };
  if (event_id) blame(fault.error, *event_id);
  return fault;
}

Fault Batch::commit_fault(const Error& error) const {
  // SQLite refuses a commit for a deferred constraint: then the rows are at fault, not the disk.
  if (error.code != ErrorCode::invalid || delivered_.empty()) return environment_fault("commit", error);
  Fault fault{.at = Fault::At::batch,
              .kind = FailureKind::fail,
              .stage = Stage::flush,
              .outcome = Outcome::fail,
              .error = host_error("commit", error, parts_.clock.wall_ns())};
  fault.error.code = "constraint";
  if (delivered_.size() == 1) {
    fault.at = Fault::At::event;
    blame(fault.error, delivered_.front());
  }
  return fault;
}

Fault Batch::environment_fault(std::string_view stage, const Error& error) const {
  return {.at = Fault::At::environment,
          .kind = FailureKind::fatal,
          .outcome = Outcome::fatal,
          .error = host_error(stage, error, parts_.clock.wall_ns())};
}

}  // namespace aludel
