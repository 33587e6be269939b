// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "plugin/instance.hpp"
#include "policy/strategy.hpp"
#include "processor/cursor.hpp"
#include "processor/death.hpp"
#include "processor/failing_event.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// What went wrong with a batch.
struct Fault {
  enum class At {
    event,        ///< at the event named
    batch,        ///< at one of its events, nobody knows which
    environment,  ///< at none of them
  };
  At at = At::event;
  FailureKind kind = FailureKind::fail;
  /// Nothing of the event is in the transaction, and all before it still is.
  bool left_nothing = false;
  Stage stage = Stage::none;                 ///< for `on_error`
  Outcome outcome = Outcome::fail;           ///< for `on_error`
  std::chrono::milliseconds retry_after{0};  ///< the least delay that the handler asked for
  ProcessorError error;
};

/// Events on their way into the projection: one transaction, from the first event delivered to the commit
/// that moves the cursor past the last.
///
/// Calls the handler, and shows each call on the page. Undoes nothing by itself: a fault is the caller's to
/// settle, by `take_back` or `undo`, before anything else.
class Batch {
 public:
  struct Parts {
    Instance& instance;
    Projection& projection;
    InFlightPage& page;
    const Clock& clock;
  };

  /// @param cursor as the projection has it
  /// @param failing the event that the projection's standstill names, if one is stored
  /// @param size_max events delivered in one batch
  /// @param bytes_max from which on it has written enough, as `Database::bytes_written` counts
  Batch(Parts parts, const Cursor& cursor, std::optional<FailingEvent> failing, std::uint64_t size_max,
        std::uint64_t bytes_max);

  /// As committed last.
  [[nodiscard]] const Cursor& cursor() const { return cursor_; }
  /// The event that a stored standstill names, until the cursor is past it.
  [[nodiscard]] const std::optional<FailingEvent>& failing() const { return failing_; }
  [[nodiscard]] bool begun() const { return begun_; }
  /// Events delivered or passed.
  [[nodiscard]] std::uint64_t size() const { return delivered_.size() + passed_; }
  /// It is to be committed at this event boundary.
  [[nodiscard]] bool has_written_enough() const;
  /// The id behind the last one delivered; 0 if there is none.
  [[nodiscard]] std::uint64_t end() const { return delivered_.empty() ? 0 : delivered_.back() + 1; }

  std::optional<Fault> begin();
  /// After `begin`. @param flags ALUDEL_CALL_*
  std::optional<Fault> deliver(const Event& event, std::uint32_t flags);
  /// How this event has failed by the death of the process before this one; nothing: it has not, or that is
  /// written down.
  [[nodiscard]] std::optional<Fault> failed_by(const Death& death, std::uint64_t event_id) const;
  /// Moves past the event without its handler: it is skipped, or, with an error, becomes a dead letter.
  std::optional<Fault> pass(const Event& event, const ProcessorError* error);
  /// What the handler's `on_error` decides; nothing: it has failed itself, and `why` says how.
  std::optional<Decision> ask(const Event& event, const Fault& fault, std::string& why);
  /// Lets the handler write what it gathered, if any event was delivered.
  std::optional<Fault> flush();
  /// After `flush`. Moves the cursor and commits; begins first if nothing was delivered.
  /// @param standstill is noted in the same transaction
  std::optional<Fault> commit(const Position& to, const std::optional<Standstill>& standstill);

  /// Forgets the event last delivered, which failed and left nothing.
  void take_back();
  /// Rolls everything back and tells the handler.
  Result<void> undo();

 private:
  [[nodiscard]] std::uint32_t attempt(std::uint64_t event_id) const {
    return next_attempt(failing_, event_id);
  }
  Outcome call(Stage stage, const Event& event, std::uint32_t flags);
  Fault handler_fault(Stage stage, Outcome outcome, std::optional<std::uint64_t> event_id) const;
  void blame(ProcessorError& error, std::uint64_t event_id) const;
  Fault commit_fault(const Error& error) const;
  Fault environment_fault(std::string_view stage, const Error& error) const;
  Result<void> write_bookkeeping(const Cursor& to, const std::optional<Standstill>& standstill);
  void enter(Stage stage);
  void clear();

  Parts parts_;
  const bool validates_;
  const std::uint64_t bytes_max_;
  Cursor cursor_;
  std::optional<FailingEvent> failing_;

  bool begun_ = false;
  std::uint64_t bytes_before_ = 0;        ///< when it began
  std::vector<std::uint64_t> delivered_;  ///< ids, ascending; never more than it has room for
  std::uint64_t tried_ = 0;               ///< delivered, those that were taken back among them
  std::uint64_t last_tried_ = 0;          ///< of these the last one's id
  std::uint64_t passed_ = 0;              ///< among those counted below
  std::uint64_t handled_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t dead_letters_ = 0;
};

}  // namespace aludel
