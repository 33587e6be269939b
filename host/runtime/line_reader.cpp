// SPDX-License-Identifier: MIT
#include "runtime/line_reader.hpp"

#include <cerrno>
#include <unistd.h>

namespace aludel {

bool LineReader::read(std::size_t bytes_max, const std::function<void(std::string_view)>& on_line) {
  char bytes[16 * 1024];
  for (std::size_t total = 0; total < bytes_max;) {
    const auto size = ::read(descriptor_, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return true;
    if (size <= 0) return false;
    total += static_cast<std::size_t>(size);
    buffer_.append(bytes, static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (;;) {
      auto end = buffer_.find('\n', begin);
      const bool whole = end != std::string::npos && end - begin <= size_max_;
      if (!whole && buffer_.size() - begin <= size_max_) break;
      if (!whole) end = begin + size_max_;
      on_line(std::string_view(buffer_).substr(begin, end - begin));
      begin = end + (whole ? 1 : 0);
    }
    buffer_.erase(0, begin);
  }
  return true;
}

}  // namespace aludel
