// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/event.hpp"
#include "log/catalog.hpp"
#include "log/segment_store.hpp"

namespace aludel {

/// Lets a producer's appends through one after the other, each only when the one before is durable or has
/// failed: what a later one repeats is then known for certain. Any thread.
class ProducerTurns {
 public:
  class Turn;

  /// Waits for the producer's turn.
  [[nodiscard]] Turn take(std::string_view producer);

 private:
  struct Entry {
    std::mutex turn;
    std::size_t users = 0;  // guarded by mutex_
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  std::mutex mutex_;
  Entries entries_;  // of the producers that are appending now
};

/// A turn, given back when it is destroyed.
class ProducerTurns::Turn {
 public:
  Turn(ProducerTurns& turns, Entries::iterator entry)
      : turns_(turns), entry_(entry), lock_(entry->second.turn) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

 private:
  ProducerTurns& turns_;
  Entries::iterator entry_;
  std::unique_lock<std::mutex> lock_;
};

/// Compares what a producer sends again with what the log has of it. A producer's blocks point backwards;
/// where some of them lie is remembered, so that sending a long file again costs in proportion to it. Any
/// thread.
class ProducerHistory {
 public:
  ProducerHistory(os::FileSystem& files, const std::filesystem::path& dir, const Uuid& log_id)
      : store_(files, dir, log_id) {}

  /// @param end the producer's, beyond all of `events`, and durable
  /// @param sequence of events[0]
  /// @return conflict if the log has other bytes under one of the sequences, of which those that were dropped
  ///   are passed over; corrupt, io
  Result<void> compare(std::string_view producer, const ProducerEnd& end, std::span<const NewEvent> events,
                       std::uint64_t sequence);
  /// The source of the producer's last event; empty: it was dropped.
  /// @param end the producer's, and durable
  /// @return corrupt, io
  Result<std::string> last_source(std::string_view producer, const ProducerEnd& end);

 private:
  struct Position {
    std::uint64_t id;
    std::uint32_t offset;
  };
  using Known = std::map<std::uint64_t, Position>;  // by the sequence of a block's first event

  Result<Block> read(std::string_view producer, const Position& position, std::uint64_t durable);
  Result<SharedSegment> with_whole_body(const Position& position);
  Result<void> compare_with(const Block& block, std::string_view producer, const Position& position,
                            std::span<const NewEvent> events, std::uint64_t sequence);

  std::mutex mutex_;  // guards all below
  SegmentStore store_;
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace aludel
