// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/os/file.hpp"
#include "base/os/lock.hpp"
#include "log/append_queue.hpp"
#include "log/event_log.hpp"
#include "log/producers.hpp"
#include "log/retention.hpp"
#include "log/segment_reader.hpp"
#include "log/segment_writer.hpp"
#include "log/tip_page.hpp"

namespace aludel {

struct OpenOptions {
  std::filesystem::path dir;  ///< DATA/log; made if it is missing
  os::FileSystem& files = os::real_file_system();
  const Clock& clock = system_clock();
  Sync sync = Sync::full;
  /// What others know of the log, such as processors by their cursors.
  std::vector<KnownMark> known = {};
  std::uint64_t segment_size = limits::segment_max;  ///< of new segments, without their footers
  bool allocate_ahead = true;
  std::uint64_t min_free = 0;  ///< bytes that the file system keeps free: below, nothing is appended; 0: off
  ReportSink report = [](const std::string&) {};
};

/// The event log as files of blocks (docs/store-format.md): the writer, of which there is one at a time. Its
/// reading side is a `SegmentReader`, used by one thread at a time; `append` is for any thread.
class SegmentLog final : public EventLog {
 public:
  /// Takes the log's lock, recovers it, or makes it if there is none, and begins to serve.
  /// @return locked, naming the process that writes already; corrupt; unsupported (format, file system); io
  static Result<std::unique_ptr<SegmentLog>> open(const OpenOptions& options);
  ~SegmentLog() override;

  [[nodiscard]] Uuid log_id() const override { return reader_->log_id(); }
  [[nodiscard]] Result<std::uint64_t> first() const override { return reader_->first(); }
  [[nodiscard]] std::uint64_t tip() const override { return reader_->tip(); }
  Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                          std::optional<std::chrono::nanoseconds> timeout) override {
    return reader_->wait(seen, interrupt, timeout);
  }
  using EventReader::read_from;
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id, Check check) override {
    return reader_->read_from(id, check);
  }
  Result<std::uint32_t> block_fingerprint(std::uint64_t id) override {
    return reader_->block_fingerprint(id);
  }
  Result<LogStats> stats() { return reader_->stats(); }

  Result<AppendResult> append(const AppendRequest& request) override;
  Result<std::optional<std::string>> last_source(std::string_view producer) override;
  /// Events of each type in the whole log. Any thread.
  [[nodiscard]] TypeCounts type_counts() const;

  /// Looking after the log, beside appends and readers; one thread at a time. Nudged whenever a segment was
  /// sealed.
  [[nodiscard]] Interrupt& sealed() { return sealed_; }
  /// What the policy would have dropped now. @return corrupt, io
  [[nodiscard]] Result<Expendables> expendable(const RetentionPolicy& policy) const;
  /// Drops all segments below `id`, with which one begins; finishes what an earlier call could not.
  /// @return how many segments went; an error: it may be done in part, and is to be called again
  Result<std::size_t> drop_below(std::uint64_t id);

 private:
  SegmentLog(const OpenOptions& options, os::FileLock lock, TipPublisher publisher, RecoveredLog recovered);

  Result<AppendResult> append_as_producer(const AppendRequest& request);
  Result<std::uint64_t> commit(const BlockContent& content);
  std::size_t commit_group(std::span<PendingAppend* const> waiting);
  Result<void> check_files();
  [[nodiscard]] Result<void> check_hold() const;
  Result<void> check_space();
  Result<void> make_room(std::size_t size);
  Result<void> write_group(std::span<PendingAppend* const> group);

  os::FileSystem& files_;
  const std::filesystem::path dir_;
  const Clock& clock_;
  const std::uint64_t min_free_;
  os::FileLock lock_;
  TipPublisher publisher_;
  Interrupt sealed_;
  std::unique_ptr<SegmentReader> reader_;
  ProducerTurns turns_;
  ProducerHistory history_;
  AppendQueue queue_;

  mutable std::mutex catalog_mutex_;
  Catalog catalog_;              // changed by the leader alone, under the mutex; read by it without
  SegmentWriter writer_;         // the leader's
  std::optional<Error> closed_;  // the leader's: why nothing can be appended any more
  std::atomic<std::uint64_t> written_bytes_{0};  // of the last segment; the leader sets it

  std::mutex buffers_mutex_;
  std::vector<BlockBuffer> buffers_;  // to be used again
};

}  // namespace aludel
