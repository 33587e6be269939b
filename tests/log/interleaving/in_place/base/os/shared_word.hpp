// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "process.hpp"

/// In the place of host/base/os/shared_word.hpp: each operation is a step of the process that makes it.
namespace aludel::os {

template <typename T>
class SharedWord {
 public:
  T load(std::memory_order order) const {
    return static_cast<T>(interleaving::step("loads", this, [&] { return raw_.load(order); }));
  }
  void store(T value, std::memory_order order) {
    interleaving::step("stores", this, [&] {
      raw_.store(value, order);
      return T{0};
    });
  }
  T fetch_add(T value, std::memory_order order) {
    return static_cast<T>(interleaving::step("adds to", this, [&] { return raw_.fetch_add(value, order); }));
  }
  /// As the system's calls on it take it.
  operator const std::atomic<T>&() const { return raw_; }  // NOLINT: in the place of one

 private:
  std::atomic<T> raw_;
};

}  // namespace aludel::os
