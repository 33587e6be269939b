// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/segment_writer.hpp"
#include "support/fake_clock.hpp"
#include "support/owned_event.hpp"

namespace aludel {

/// The log of all workloads here, and the capacity of its segments.
inline constexpr Uuid crash_log_id{{0xa1, 0xd0, 0xe1, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};
inline constexpr std::uint64_t crash_segment_size = 8'192;

/// An append that was asked for, and is in the log or not.
struct AskedAppend {
  std::string producer;  ///< empty: none
  std::uint64_t sequence = 0;
  std::vector<OwnedEvent> events;
};

/// Recovers a log and writes to it as the leader of its appends does (`SegmentLog::commit_group`), so that a
/// test and no scheduler says what makes a group, and when a segment is allocated ahead.
class LogLeader {
 public:
  LogLeader(os::FileSystem& files, std::filesystem::path dir, Sync sync, FakeClock& clock)
      : files_(files), dir_(std::move(dir)), sync_(sync), clock_(clock) {}

  /// Comes first, and makes the log if there is none. @param published in this boot
  Result<void> open(std::uint64_t published);

  [[nodiscard]] std::uint64_t tip() const { return writer_->next_id(); }
  /// Everything below was synced; under `full` that is all.
  [[nodiscard]] std::uint64_t durable() const { return sync_ == Sync::full ? tip() : durable_; }

  /// Appends the first of them that go into one segment. @return how many
  Result<std::size_t> commit(const std::vector<const AskedAppend*>& waiting);

  /// Allocates what is left of the segment, as `ZeroFill` does; the sync may come later.
  void fill_ahead();
  void sync_ahead();

 private:
  Result<void> make_room(std::size_t size);
  void all_is_durable() { durable_ = tip(); }
  [[nodiscard]] ProducerEnd end_of(const std::string& producer) const;

  os::FileSystem& files_;
  const std::filesystem::path dir_;
  const Sync sync_;
  FakeClock& clock_;
  Catalog catalog_;
  std::unique_ptr<os::File> ahead_;
  std::optional<SegmentWriter> writer_;
  std::uint64_t durable_ = 0;
};

}  // namespace aludel
