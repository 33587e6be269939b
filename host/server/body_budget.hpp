// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>

namespace aludel {

/// Memory that the bodies of all requests share, counted before it is used. Any thread.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t size) : left_(size) {}

  /// What one request holds of it. One thread at a time; may be of no budget, and then has no limit. While it
  /// holds nothing, the budget may be gone.
  class Share {
   public:
    explicit Share(BodyBudget* budget) : budget_(budget) {}
    ~Share() { release(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// Makes the share so large, or says that there is not enough left.
    [[nodiscard]] bool grow_to(std::size_t size) {
      if (size <= size_) return true;
      if (budget_ != nullptr && !budget_->take(size - size_)) return false;
      size_ = size;
      return true;
    }
    void release() {
      const auto size = std::exchange(size_, 0);
      if (size > 0 && budget_ != nullptr) budget_->give(size);
    }

   private:
    BodyBudget* budget_;
    std::size_t size_ = 0;
  };

 private:
  bool take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (size > left_) return false;
    left_ -= size;
    return true;
  }
  void give(std::size_t size) {
    const std::lock_guard lock(mutex_);
    left_ += size;
  }

  std::mutex mutex_;
  std::size_t left_;  // guarded by mutex_
};

}  // namespace aludel
