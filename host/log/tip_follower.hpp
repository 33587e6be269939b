// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/os/futex.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "log/event_log.hpp"
#include "log/tip_page.hpp"

namespace aludel {

/// Follows a log's tip page: the highest tip that it was told of, and how to wait for a higher one. A writer
/// that ends and another that starts go unnoticed. One thread at a time, but for `tip`.
class TipFollower {
 public:
  TipFollower(std::filesystem::path file, const Uuid& log_id, const Uuid& boot_id)
      : file_(std::move(file)), log_id_(log_id), boot_id_(boot_id) {}

  /// Maps the page, once a writer has made it.
  Result<void> attach();
  /// Null as long as it is not mapped. Any thread.
  [[nodiscard]] const TipView* page() const;

  /// What a writer that is dead was found to have published says nothing any more.
  void ignore(std::uint64_t incarnation) { ignored_incarnation_ = incarnation; }
  /// The log is known to reach to there.
  void raise(std::uint64_t tip) const;

  /// The highest so far; it never goes back.
  [[nodiscard]] std::uint64_t tip() const;
  /// Until the tip is above `seen`. @return also what failed in mapping the page
  Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                          std::optional<std::chrono::nanoseconds> timeout);

 private:
  void pause(const TipView* page, std::uint32_t word, const Interrupt& interrupt,
             os::Deadline deadline) const;

  const std::filesystem::path file_;
  const Uuid log_id_;
  const Uuid boot_id_;
  std::optional<TipView> page_;                 // set once
  std::atomic<bool> attached_{false};           // page_ may be read by any thread
  std::uint64_t ignored_incarnation_ = 0;       // of a writer that was dead when this was opened
  mutable std::atomic<std::uint64_t> seen_{0};  // the highest tip that was given out
};

}  // namespace aludel
