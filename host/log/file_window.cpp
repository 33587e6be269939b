// SPDX-License-Identifier: MIT
#include "log/file_window.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr std::size_t step = 64 * limits::KiB;

}  // namespace

Result<std::string_view> FileWindow::at(std::uint64_t offset, std::size_t size) {
  if (offset < start_ || offset + size > start_ + size_) {
    if (buffer_.size() < std::max(size, step)) buffer_.resize(std::max(size, step));
    const auto got = file_.read_at(offset, std::as_writable_bytes(std::span(buffer_)));
    if (!got) return got.error();
    start_ = offset;
    size_ = *got;
  }
  const auto skipped = static_cast<std::size_t>(offset - start_);
  return std::string_view(buffer_.data() + skipped, std::min(size, size_ - skipped));
}

Result<std::uint64_t> FileWindow::end_of_data(std::uint64_t offset) {
  auto end = offset;
  for (;; offset += step) {
    const auto bytes = at(offset, step);
    if (!bytes) return bytes.error();
    const auto last = bytes->find_last_not_of('\0');
    if (last != std::string_view::npos) end = offset + last + 1;
    if (bytes->size() < step) return end;
  }
}

}  // namespace aludel
