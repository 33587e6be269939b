// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/os/file.hpp"

namespace aludel {

/// Reads a file by way of a buffer, for walks that must survive what a mapping does not: a failing disk is an
/// error here and a signal there.
class FileWindow {
 public:
  explicit FileWindow(os::File& file) : file_(file) {}

  /// The `size` bytes from `offset` on; fewer only at the file's end. Valid until the next call.
  Result<std::string_view> at(std::uint64_t offset, std::size_t size);

  /// The end of the last byte from `offset` on that is not zero; `offset` if all are.
  Result<std::uint64_t> end_of_data(std::uint64_t offset);

 private:
  os::File& file_;
  std::vector<char> buffer_;
  std::uint64_t start_ = 0;
  std::size_t size_ = 0;
};

}  // namespace aludel
