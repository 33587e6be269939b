// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <utility>

#include "base/result.hpp"

namespace aludel::os {

/// A page of memory that processes share through a small file. The file is never replaced or shortened, so a
/// mapping once made stays good. Zeros at first. Only atomics belong in it.
class SharedPage {
 public:
  static constexpr std::size_t size = 4096;

  /// Maps the page for reading and writing, making the file if there is none.
  static Result<SharedPage> open(const std::filesystem::path& path);
  /// Maps it for reading only.
  /// @return not_found if nobody has made it yet
  static Result<SharedPage> open_read_only(const std::filesystem::path& path);

  SharedPage(SharedPage&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  SharedPage& operator=(SharedPage&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~SharedPage();

  [[nodiscard]] void* data() const { return data_; }

 private:
  explicit SharedPage(void* data) : data_(data) {}
  static Result<SharedPage> map(int file, int protection, const std::filesystem::path& path);

  void* data_;
};

}  // namespace aludel::os
