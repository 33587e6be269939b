// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"
#include "log/catalog.hpp"
#include "log/encoded_block.hpp"
#include "log/recovery.hpp"
#include "log/zero_fill.hpp"

namespace aludel {

/// What an acknowledged append survives.
enum class Sync {
  full,    ///< power loss: each group of appends is synced before it is acknowledged
  normal,  ///< the death of the process: the system writes to disk when it sees fit
};

/// A block on its way into the log.
struct BlockWrite {
  EncodedBlock* block = nullptr;
  ProducerEnd producer = {};  ///< where the block's producer has come to before it, if it has one
  std::uint64_t offset = 0;   ///< out: where in its segment the block went
};

/// The end of the log: the one place that writes to segments once recovery is done. One thread at a time.
///
/// What is written and acknowledged stays; when a write or a sync fails, everything behind it is discarded,
/// by way of a new descriptor, at once or, if that fails too, before the next append.
class SegmentWriter {
 public:
  struct Options {
    os::FileSystem& files;
    std::filesystem::path dir;
    const Clock& clock;
    Sync sync = Sync::full;
    std::uint64_t capacity = 0;  ///< of new segments
    bool allocate_ahead = true;
  };

  SegmentWriter(const Options& options, LogEnd end);
  ~SegmentWriter();

  [[nodiscard]] const Uuid& log_id() const { return end_.log_id; }
  [[nodiscard]] std::uint64_t next_id() const { return end_.next_id; }

  /// Whether the segment's name still leads to the file that is written, and this holds all that was. Comes
  /// before `repair`.
  /// @return corrupt: it was removed, moved, replaced or cut
  Result<void> check();
  /// Puts right what an earlier failure left. Comes before all that follows.
  Result<void> repair();

  /// Whether there is a segment that blocks can go to, be it full.
  [[nodiscard]] bool has_segment() const { return end_.active.has_value(); }
  /// Bytes of blocks that still go into the segment; 0 if there is none.
  [[nodiscard]] std::uint64_t room() const;
  /// Bytes of the segment, as far as it is written; 0 if there is none.
  [[nodiscard]] std::uint64_t written() const { return end_.active ? end_.active->end : 0; }
  /// Bytes of blocks that go into one that is yet to be begun.
  [[nodiscard]] std::uint64_t room_of_next() const {
    return options_.capacity - sizeof(format::SegmentHeader);
  }
  /// Whether the segment holds no block yet.
  [[nodiscard]] bool is_empty() const;

  /// Ends the segment, which must not be empty, with a footer. There is none afterwards.
  Result<void> seal(const Catalog& catalog);
  /// Begins a segment where the log ends.
  Result<void> begin_segment();
  /// Appends blocks, which must fit: one write, and under `Sync::full` one sync. When it succeeds they count
  /// as acknowledged.
  Result<void> append(std::span<BlockWrite> blocks);

 private:
  Result<void> write_footer(const std::string& footer);
  void mark_synced();
  void discard();
  void follow(std::uint64_t filled);

  const Options options_;
  LogEnd end_;
  std::uint64_t synced_id_ = 0;                 // events below are durable
  std::uint64_t synced_offset_ = 0;             // bytes of the active segment below are durable
  std::optional<os::FileStatus> written_file_;  // what the active segment was when it was opened
  bool broken_ = false;                         // the active segment's descriptor is not to be used any more
  std::unique_ptr<ZeroFill> ahead_;             // null if nothing is allocated ahead
};

}  // namespace aludel
