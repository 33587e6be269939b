// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/event.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "base/uuid.hpp"
#include "plugin/emission.hpp"

namespace aludel {

/// The oldest events of an outbox, with bytes of their own, as they go into the log.
class OutboxChunk {
 public:
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }  ///< of the first
  [[nodiscard]] std::uint64_t end() const { return sequence_ + rows_.size(); }
  /// Borrow from this. @param source of all of them
  [[nodiscard]] std::vector<NewEvent> events(std::string_view source) const;

 private:
  friend class Outbox;
  struct Row {
    std::int64_t time_ns;
    std::string type;
    std::string key;
    std::string content_type;
    std::string attributes;
    std::string data;
  };

  std::uint64_t sequence_ = 0;
  std::vector<Row> rows_;
};

/// The events that a processor has emitted and that are not in the log for certain, numbered without gaps.
/// The numbers go on when it is empty, and are kept over rebuilds: they are the producer's sequence. Only
/// `begin_anew` begins another one.
///
/// Borrows the database. Whatever writes belongs into a transaction of the caller's.
class Outbox final : public EmitSink {
 public:
  explicit Outbox(Database& database) : database_(&database) {}

  /// The tables, for a new projection or one of format 1.
  static Result<void> make(Database& database);

  Result<void> add(const EmittedEvent& event) override;
  /// False: it is empty. True: it may hold something.
  [[nodiscard]] bool may_hold() const { return may_hold_; }
  /// The first events, within the bounds of an append.
  [[nodiscard]] Result<OutboxChunk> first();
  /// The log has all below `sequence`.
  Result<void> remove_below(std::uint64_t sequence);
  /// Empty, as another producer, whose sequence begins at 0. @return how many events are dropped
  Result<std::uint64_t> begin_anew(const Uuid& producer);

 private:
  Database* database_;
  Statement insert_;  // prepared at the first event
  bool may_hold_ = true;
};

}  // namespace aludel
