// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "processor/letter_filter.hpp"
#include "processor/letter_schedule.hpp"
#include "processor/state.hpp"

namespace aludel {

/// What has become of a dead letter.
enum class LetterState {
  dead,       ///< open: to be replayed or discarded
  replaying,  ///< open: chosen for a replay that has not come to it yet
  replayed,   ///< its event has been handled since
  discarded,  ///< given up by the operator, or by a reset
  permanent,  ///< open: its automatic replays are used up
};

[[nodiscard]] std::string_view to_string(LetterState state);

/// A message with each run of digits as one '#': what tells kinds of failures apart, not single ones.
[[nodiscard]] std::string folded(std::string_view message);

/// The event of a letter, with bytes of its own.
struct StoredEvent {
  std::int64_t letter = 0;
  std::uint32_t attempts = 0;  ///< that failed, replays included
  std::uint64_t retries = 0;   ///< automatic replays that failed
  std::uint64_t event_id = 0;
  std::int64_t time_ns = 0;
  std::string type;
  std::string source;
  std::string key;
  std::string content_type;
  std::string attributes;
  std::string padded_data;  ///< with 64 bytes behind the data

  /// Borrows from this.
  [[nodiscard]] Event event() const;
};

/// The dead letters of a projection: events that could not be handled, whole, with why.
///
/// Borrows the database. Whatever writes belongs into a transaction of the caller's.
class Letters {
 public:
  explicit Letters(Database& database) : database_(&database), schedule_(database) {}

  /// When they are due for a replay without an order.
  [[nodiscard]] LetterSchedule& schedule() { return schedule_; }

  /// The tables, for a new projection or one of format 1.
  static Result<void> make(Database& database);

  /// @param handler_version of the handler that failed
  Result<void> add(const Event& event, const ProcessorError& error, std::string_view handler_version);

  /// What has become of a letter; nothing: there is none of this id.
  Result<std::optional<std::string>> state_of(std::int64_t id);
  /// Closes the letters that are open and meant. @return how many
  Result<std::uint64_t> discard(const LetterFilter& filter, std::string_view reason);
  /// Chooses the letters that are open and meant for a replay; what comes later is not meant. @return how
  /// many
  Result<std::uint64_t> choose(const LetterFilter& filter);
  /// The chosen letter with the least id behind `after`; nothing: there is none.
  Result<std::optional<StoredEvent>> next_chosen(std::int64_t after);
  /// A letter, if it is due for a replay without an order.
  Result<std::optional<StoredEvent>> due_letter(std::int64_t id, std::int64_t now_ns);
  /// The open letter of an event that is not chosen for a replay; nothing: there is none.
  Result<std::optional<StoredEvent>> unchosen_letter_of(std::uint64_t event_id);
  /// Its event was handled, or skipped by the handler.
  Result<void> close_replayed(std::int64_t id);
  /// Who had it replayed.
  enum class By { order, schedule };
  /// Its event failed again: it is open, with the new failure, and due or permanent as the schedule says.
  Result<void> note_failed_replay(const StoredEvent& stored, By by, const ProcessorError& error,
                                  std::string_view handler_version);
  /// What was chosen and has not been replayed is as it was before.
  Result<void> release_chosen();

 private:
  Result<std::uint64_t> change(const std::string& set, const LetterFilter& filter, std::string_view value);

  Result<std::optional<StoredEvent>> read(Statement& select);

  Database* database_;
  LetterSchedule schedule_;
  Statement insert_;  // prepared at the first letter
  Statement next_chosen_;
};

}  // namespace aludel
