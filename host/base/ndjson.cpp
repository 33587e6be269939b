// SPDX-License-Identifier: MIT
#include "base/ndjson.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aludel {

namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

NdjsonReader::NdjsonReader(Source source, Supply supply, std::size_t batch_lines_max)
    : source_(std::move(source)),
      supply_(supply),
      batch_lines_max_(batch_lines_max),
      buffer_(EventBatch::padding, '\0') {}

Result<std::span<const NewEvent>> NdjsonReader::next(std::int64_t default_time_ns) {
  batch_.clear();
  begin_ += taken_;
  taken_ = 0;
  // Blank lines alone make no batch.
  while (batch_.empty()) {
    if (auto filled = fill(); !filled) return filled.error();
    skip_byte_order_mark();
    if (begin_ == end_) break;
    if (auto taken = take_lines(default_time_ns); !taken) return taken.error();
    if (batch_.empty()) begin_ += std::exchange(taken_, 0);
  }
  return batch_.events();
}

// Reads until a whole line is there (of a source that need not be waited for: a whole batch), or the end.
Result<void> NdjsonReader::fill() {
  const auto enough = [&] {
    const auto rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
    if (supply_ == Supply::all_there && rest.size() < limits::ingest_batch_size_max) return false;
    return rest.find('\n') != std::string_view::npos;
  };
  while (!at_end_ && !enough()) {
    if (end_ - begin_ > limits::ingest_line_max) {
      return Error(ErrorCode::limit, "line " + std::to_string(lines_ + 1) + ": longer than " +
                                         std::to_string(limits::ingest_line_max) + " bytes");
    }
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    buffer_.resize(std::max(buffer_.size(), end_ + limits::ingest_batch_size_max + EventBatch::padding));
    auto size = source_(buffer_.data() + end_, limits::ingest_batch_size_max);
    if (!size) return size.error();
    end_ += *size;
    at_end_ = *size == 0;
  }
  return {};
}

// Some editors put one at the start of a file; RFC 8259 lets a reader pass it over.
void NdjsonReader::skip_byte_order_mark() {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  const auto rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
  if (!std::exchange(begun_, true) && rest.starts_with(mark)) begin_ += mark.size();
}

Result<void> NdjsonReader::take_lines(std::int64_t default_time_ns) {
  auto rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
  first_line_ = lines_ + 1;
  while (batch_.events().size() < batch_lines_max_) {
    const auto line_end = rest.find('\n');
    if (line_end == std::string_view::npos && (!at_end_ || rest.empty())) break;
    const auto line = rest.substr(0, line_end);
    const auto size = std::min(rest.size(), line.size() + 1);
    if (!batch_.empty() && taken_ + size > limits::ingest_batch_size_max) break;
    if (!is_blank(line)) {
      if (auto added = batch_.add(line, default_time_ns); !added) {
        return added.error().within("line " + std::to_string(lines_ + 1));
      }
    }
    ++lines_;
    taken_ += size;
    rest.remove_prefix(size);
  }
  return {};
}

}  // namespace aludel
