// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/event_log.hpp"

namespace aludel {

/// An event log in memory, of real blocks. For one thread. `wait` does not wait: it asks the test what
/// happened.
class FakeLog final : public EventReader {
 public:
  struct Entry {
    std::string_view type;
    std::string_view key = {};
    std::string_view data = {};
  };

  FakeLog() : id_(Uuid::random()) {}

  /// Appends a block. Event n has the time n seconds.
  void append(const std::vector<Entry>& events);
  /// Appends `count` events of one type, in blocks of `per_block`.
  void append(std::string_view type, std::uint64_t count, std::uint64_t per_block);
  /// Forgets the blocks that hold `first` and what follows: another history can be appended.
  void cut(std::uint64_t first);
  /// Puts the blocks of before the cut in place again.
  void restore();

  /// Drops the blocks that end at `first` or before; one begins there.
  void drop(std::uint64_t first);

  void set_log_id(const Uuid& id) { id_ = id; }
  /// When the blocks that follow are appended, wall clock.
  void set_time(std::int64_t ns) { time_ns_ = ns; }
  /// Reading the block that holds this event fails; nothing: it works again.
  void fail_at(std::optional<std::uint64_t> id) { fails_at_ = id; }
  /// Reading that block's events fails, its directory is sound.
  void fail_body_at(std::optional<std::uint64_t> id) { body_fails_at_ = id; }

  /// The events of the block that holds this one cannot be had any more once it was given out.
  void lose_at(std::optional<std::uint64_t> id) { lost_at_ = id; }

  struct Wait {
    std::uint64_t seen = 0;
    const Interrupt& interrupt;
    std::optional<std::chrono::nanoseconds> timeout;
  };
  /// Called by `wait`. What it does (append, raise, advance a clock) decides the result: new events, else
  /// interrupted, else timed out.
  std::function<Result<void>(const Wait&)> on_wait;

  /// Called before a cursor gives out a block.
  std::function<void()> on_block;

  /// How many blocks cursors gave out, and how many of them were asked for their events.
  std::uint64_t blocks_read = 0;
  std::uint64_t bodies_read = 0;

  [[nodiscard]] Uuid log_id() const override { return id_; }
  [[nodiscard]] Result<std::uint64_t> first() const override { return first_; }
  [[nodiscard]] std::uint64_t tip() const override { return tip_; }
  Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                          std::optional<std::chrono::nanoseconds> timeout) override;
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id, Check check) override;
  Result<std::uint32_t> block_fingerprint(std::uint64_t id) override;

 private:
  friend class FakeCursor;

  [[nodiscard]] Block block(std::size_t index) const { return Block(blocks_[index].data()); }
  [[nodiscard]] static Error dropped(std::uint64_t id);
  [[nodiscard]] std::size_t index_of(std::uint64_t id) const;

  Uuid id_;
  std::vector<std::string> blocks_;
  std::vector<std::string> cut_;  // blocks_, as they were before
  std::uint64_t first_ = 0;
  std::uint64_t tip_ = 0;
  std::int64_t time_ns_ = 0;
  std::uint32_t history_ = 0;  // another one for each cut
  std::optional<std::uint64_t> fails_at_;
  std::optional<std::uint64_t> body_fails_at_;
  std::optional<std::uint64_t> lost_at_;
};

}  // namespace aludel
