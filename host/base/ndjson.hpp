// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/cloudevents.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"

namespace aludel {

/// Reads events as NDJSON, an event a line, in batches that are each fit for one append. Blank lines are
/// passed over and count as nothing but lines; so is a byte order mark at the start. One thread at a time.
class NdjsonReader {
 public:
  /// Fills up to `size` bytes at `to`; returns how many, 0 at the end. Blocks until there is at least one.
  using Source = std::function<Result<std::size_t>(char* to, std::size_t size)>;

  /// Whether a source may have to be waited for.
  enum class Supply {
    all_there,    ///< a file: batches are as large as they may be
    as_it_comes,  ///< a pipe: what is there by now makes a batch
  };

  NdjsonReader(Source source, Supply supply, std::size_t batch_lines_max = limits::ingest_batch_lines_max);

  /// The next events, up to the limits of a batch; empty at the end.
  /// They, and `text`, stay until the next call.
  /// @return invalid, limit: the line is named ("line 17: ..."), and none of its batch is returned; or what
  ///   the source failed with
  Result<std::span<const NewEvent>> next(std::int64_t default_time_ns);

  /// The number of the last batch's first line, from 1.
  [[nodiscard]] std::uint64_t first_line() const { return first_line_; }
  /// The lines that the last batch was read from, as they were sent.
  [[nodiscard]] std::string_view text() const { return {buffer_.data() + begin_, taken_}; }

 private:
  Result<void> fill();
  void skip_byte_order_mark();
  Result<void> take_lines(std::int64_t default_time_ns);

  Source source_;
  Supply supply_;
  std::size_t batch_lines_max_;
  EventBatch batch_;
  std::string buffer_;       // always EventBatch::padding longer than what was read
  std::size_t begin_ = 0;    // of what no batch has taken yet
  std::size_t end_ = 0;      // of what was read
  std::size_t taken_ = 0;    // bytes from begin_ on that the last batch was made of
  std::uint64_t lines_ = 0;  // taken so far, blank ones too
  std::uint64_t first_line_ = 1;
  bool begun_ = false;
  bool at_end_ = false;
};

}  // namespace aludel
