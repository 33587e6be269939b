// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/os/file.hpp"
#include "log/catalog.hpp"
#include "log/event_log.hpp"
#include "log/kept_segments.hpp"
#include "log/segment_scan.hpp"
#include "log/segment_store.hpp"
#include "log/tip_follower.hpp"

namespace aludel {

struct LogStats {
  std::uint64_t events = 0;  ///< ever appended: the tip
  std::uint64_t first = 0;   ///< the oldest still kept
  std::uint64_t bytes = 0;   ///< in segments, without what is allocated ahead
  std::uint64_t segments = 0;
};

/// Reads a segment log, in any process, and changes nothing. Follows the writer's tip page from when a writer
/// serves. Until then it shows the valid blocks that were there when it was opened, of which those that the
/// last writer of this boot did not publish are left out: they may not be durable. A writer that ends and
/// another that starts go unnoticed but for the events.
///
/// What a cursor has come to can be read though it is dropped meanwhile; the segment behind it may be gone
/// then.
///
/// One thread at a time, but for `tip`.
class SegmentReader final : public EventReader {
 public:
  /// @return not_found if the folder holds no log; corrupt, unsupported, io
  static Result<std::unique_ptr<SegmentReader>> open(os::FileSystem& files, const std::filesystem::path& dir);

  [[nodiscard]] Uuid log_id() const override { return log_id_; }
  [[nodiscard]] Result<std::uint64_t> first() const override;
  [[nodiscard]] std::uint64_t tip() const override { return follower_.tip(); }
  Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                          std::optional<std::chrono::nanoseconds> timeout) override {
    return follower_.wait(seen, interrupt, timeout);
  }
  using EventReader::read_from;
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id, Check check) override;
  Result<std::uint32_t> block_fingerprint(std::uint64_t id) override;

  /// Events of each type in the whole log up to the tip. Reads the active segment's directories.
  Result<TypeCounts> type_counts();
  Result<LogStats> stats();

 private:
  SegmentReader(os::FileSystem& files, std::filesystem::path dir, const Uuid& log_id, const Uuid& boot_id);
  Result<void> find_tip();
  Result<TypeCounts> count_types(const KeptSegments& kept);
  Result<void> keep(std::uint64_t first_id, SegmentScan scan);

  os::FileSystem& files_;
  const std::filesystem::path dir_;
  const Uuid log_id_;
  SegmentStore store_;
  TipFollower follower_;
  /// Events of each type in part of the log.
  struct Counted {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    TypeCounts types;
  };
  std::optional<Counted> scanned_;  // of the active segment, when this was opened
};

}  // namespace aludel
