// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>
#include <utility>

namespace aludel::os {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] bool valid() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  /// From now on it is somebody else's.
  void release() { number_ = -1; }

 private:
  int number_ = -1;
};

}  // namespace aludel::os
