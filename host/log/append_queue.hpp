// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "log/encoded_block.hpp"

namespace aludel {

/// An append on its way. Lies on the stack of the thread that waits for it.
struct PendingAppend {
  explicit PendingAppend(EncodedBlock encoded) : block(std::move(encoded)) {}

  EncodedBlock block;
  std::optional<Error> error;  ///< set by the leader; none: it is durable

 private:
  friend class AppendQueue;
  enum State : std::uint32_t { waiting, leading, done };
  std::atomic<std::uint32_t> state_{waiting};
};

/// Group commit by leader and followers, without a thread of its own. The first of the waiting threads takes
/// what has gathered and commits it for all; then it hands the lead to the next that waits and wakes those
/// that are done, each by itself. Alone, a thread finds no one to wait for and pays for no hand-over.
class AppendQueue {
 public:
  /// Commits some of the waiting appends, from the first one on: at least that one.
  /// Called by one thread at a time. Sets `error` of those that failed.
  /// @return how many are dealt with
  using Commit = std::function<std::size_t(std::span<PendingAppend* const>)>;

  /// @param bytes_max of appends that may be in memory at once; one alone may exceed it
  AppendQueue(std::size_t bytes_max, Commit commit) : bytes_max_(bytes_max), commit_(std::move(commit)) {}

  /// A share of the memory that appends may take; given back when it is destroyed.
  class Reservation {
   public:
    Reservation(AppendQueue& queue, std::size_t bytes) : queue_(queue), bytes_(bytes) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() { queue_.release(bytes_); }

   private:
    AppendQueue& queue_;
    const std::size_t bytes_;
  };

  /// Waits until there is room for an append of about so many bytes.
  [[nodiscard]] Reservation reserve(std::size_t bytes);

  /// Returns once the append is dealt with.
  void submit(PendingAppend& append);

 private:
  void release(std::size_t bytes);
  void lead(PendingAppend& own) noexcept;
  static void wait_for_turn(PendingAppend& append);
  static void wake(PendingAppend& append, PendingAppend::State state);

  const std::size_t bytes_max_;
  const Commit commit_;
  std::mutex mutex_;  // guards all below
  std::condition_variable room_;
  std::size_t bytes_ = 0;
  std::deque<PendingAppend*> queue_;
  bool led_ = false;  // some thread leads, or was just told to
};

}  // namespace aludel
