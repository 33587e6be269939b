// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace aludel {

/// Takes a non-blocking descriptor's bytes apart into lines. One thread at a time.
class LineReader {
 public:
  /// @param descriptor not owned
  /// @param size_max longer lines come in pieces of this size
  LineReader(int descriptor, std::size_t size_max) : descriptor_(descriptor), size_max_(size_max) {}

  /// Reads what is there by now, but no more than `bytes_max` or a little over: whoever writes without an end
  /// holds nobody up.
  /// @return false at the end of the stream, or if it cannot be read
  bool read(std::size_t bytes_max, const std::function<void(std::string_view)>& on_line);
  /// What came after the last line's end, if anything.
  [[nodiscard]] std::string_view rest() const { return buffer_; }

 private:
  int descriptor_;
  std::size_t size_max_;
  std::string buffer_;
};

}  // namespace aludel
