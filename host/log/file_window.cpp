// SPDX-License-Identifier: MIT
#include "log/file_window.hpp"

#include <algorithm>
#include <cstring>

#include "base/limits.hpp"

namespace aludel {

namespace {

// What a walk reads that goes on where it was, and one that leaps.
constexpr std::size_t step = 64 * limits::KiB;
constexpr std::size_t leap_step = 512;

bool is_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

Result<std::string_view> FileWindow::at(std::uint64_t offset, std::size_t size) {
  if (offset < start_ || offset - start_ > size_ || size > size_ - (offset - start_)) {
    const bool goes_on = offset >= start_ && offset <= start_ + size_;
    const auto wanted = std::max(size, goes_on ? step : leap_step);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    const auto got = file_.read_at(offset, std::as_writable_bytes(std::span(buffer_)).first(wanted));
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
    if (!is_zero(*bytes)) end = offset + bytes->find_last_not_of('\0') + 1;
    if (bytes->size() < step) return end;
  }
}

}  // namespace aludel
