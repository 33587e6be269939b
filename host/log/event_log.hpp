// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/event.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "log/block.hpp"

/// The event log: the canonical, durable, append-only sequence of events. One per data directory, written by
/// one process at a time, read by any number.
///
/// `EventReader` and `EventLog` are the seam at which another engine could stand; the segment log
/// (`log/segment_log.hpp`) is the one that is embedded.
namespace aludel {

/// How much of each block a cursor checks against its checksums before it gives the block out.
enum class Check {
  body,       ///< all of it
  directory,  ///< all but the events: the caller asks `BlockCursor::check_body` before it walks them
};

/// Walks blocks in log order. One thread at a time.
class BlockCursor {
 public:
  virtual ~BlockCursor() = default;

  /// The next block; null at the tip, after which a later call may find more. The block is valid until the
  /// next call, its bytes until `release` or the cursor's end.
  /// @return not_found: it was dropped before the cursor came to it; corrupt (file and offset are named), io
  virtual Result<const Block*> next() = 0;
  /// Checks the events of the block last given, for cursors made with `Check::directory`.
  /// @return corrupt
  virtual Result<void> check_body() = 0;
  /// Whether the bytes of all blocks given out since the last `release`, and of the last one, could be had
  /// whenever they were touched. Where they could not, though they were checked before, zeros stood in for
  /// them: whoever acts on what it has read asks this between the two.
  /// @return corrupt
  [[nodiscard]] virtual Result<void> check_read() const = 0;
  /// Lets go of the bytes of all blocks but the one last given. A cursor that is kept for long needs this now
  /// and then, or it keeps all that it ever read mapped.
  virtual void release() = 0;
};

/// Ends a wait from another thread, without a lost wake-up: to make the waiter stop (sticky until `reset`),
/// or to make it look up (until `take_nudge`).
class Interrupt {
 public:
  void raise();  ///< stop; any thread
  void nudge();  ///< look up; any thread
  void reset();
  [[nodiscard]] bool raised() const { return (word_.load(std::memory_order_acquire) & stop_bit) != 0; }
  [[nodiscard]] bool nudged() const { return (word_.load(std::memory_order_acquire) & nudge_bit) != 0; }
  /// Either: a wait ends.
  [[nodiscard]] bool pending() const { return word_.load(std::memory_order_acquire) != 0; }
  /// The waiter: before it looks up, so that a later nudge is not lost.
  void take_nudge() const { word_.fetch_and(~nudge_bit, std::memory_order_acq_rel); }
  /// The futex word, for implementations of `wait`.
  [[nodiscard]] const std::atomic<std::uint32_t>& word() const { return word_; }

 private:
  static constexpr std::uint32_t stop_bit = 1;
  static constexpr std::uint32_t nudge_bit = 2;
  mutable std::atomic<std::uint32_t> word_{0};
};

enum class WaitResult { new_events, interrupted, timed_out };

/// The reading side. A reader is used by one thread at a time, but for `tip`.
class EventReader {
 public:
  virtual ~EventReader() = default;

  /// The log's identity, fixed at its creation.
  [[nodiscard]] virtual Uuid log_id() const = 0;
  /// The oldest event that is kept now. What lies before was dropped, and more may be at any moment.
  /// @return corrupt, io
  [[nodiscard]] virtual Result<std::uint64_t> first() const = 0;
  /// The first id that is not durably there yet: the number of events ever appended. Any thread; a load.
  [[nodiscard]] virtual std::uint64_t tip() const = 0;
  /// Waits until `tip() > seen`, `interrupt` is pending, or `timeout` (none: for ever) has passed. Uses no
  /// CPU.
  virtual Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                                  std::optional<std::chrono::nanoseconds> timeout) = 0;
  /// A cursor whose first block is the one that holds `id` (or, at the tip, the next one to come). Events
  /// below `id` in that block are the caller's to pass over. The cursor borrows from the reader.
  /// @return not_found when `id` is below `first()` or above `tip()`
  virtual Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id, Check check) = 0;
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id) { return read_from(id, Check::body); }
  /// `Block::fingerprint` of the block that holds `id`: what a projection keeps as its cursor's identity.
  /// It is known of the last event before `first()`, too.
  /// @return not_found when no event has this id, or it was dropped; corrupt, io
  virtual Result<std::uint32_t> block_fingerprint(std::uint64_t id) = 0;
};

struct AppendRequest {
  std::span<const NewEvent> events;
  /// Idempotence key; empty for none. Then `sequence` counts that producer's events, from 0.
  std::string_view producer = {};
  std::uint64_t sequence = 0;  ///< of `events[0]`
};

struct AppendResult {
  std::uint64_t first = 0;       ///< id of the first event that this call added; meaningless if `count` is 0
  std::uint64_t count = 0;       ///< events added; the last has id first + count - 1
  std::uint64_t duplicates = 0;  ///< leading events that the log already had under this producer and sequence
};

class EventLog : public EventReader {
 public:
  /// Adds the events as one block: all or nothing. Returns once they are durable. Any thread; calls are
  /// grouped.
  /// @return limit (too many, too large), invalid (no event, a NUL in a name), conflict (a gap in the
  /// producer's sequence,
  ///         or other bytes under a known sequence), disk_full, io
  virtual Result<AppendResult> append(const AppendRequest& request) = 0;
  /// The source of the event that a producer appended last. Any thread.
  /// @return nothing: the log knows no such producer; empty: what it appended was dropped; corrupt, io
  virtual Result<std::optional<std::string>> last_source(std::string_view producer) = 0;
};

}  // namespace aludel
