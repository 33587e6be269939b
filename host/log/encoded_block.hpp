// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/event.hpp"
#include "base/result.hpp"
#include "log/block.hpp"
#include "log/format.hpp"

namespace aludel {

/// Memory for a block, worth keeping for the next one. Not set to zero.
struct BlockBuffer {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
};

/// What an append asks for, apart from its place in the log.
struct BlockContent {
  std::span<const NewEvent> events;
  std::string_view producer = {};
  std::uint64_t sequence = 0;  ///< of events[0], counted by the producer
};

/// What only the writer knows when the block's turn has come.
struct BlockPlace {
  Uuid log_id;
  std::uint64_t first_id = 0;
  std::uint32_t previous_crc = 0;
  std::int64_t time_ns = 0;
  std::uint64_t synced_to = 0;
  std::uint64_t producer_previous_id = format::none;
  std::uint32_t producer_previous_offset = 0;
};

/// A block in memory. Everything that costs time (layout, copying, the body's CRC) is done by `encode`, which
/// any number of threads can run at once; `place` is left to the one that writes.
class EncodedBlock {
 public:
  /// Lays the events out in `buffer`, which grows if it is too small.
  /// @return invalid (no event, a NUL in a name, malformed attributes), limit; the event is named by its
  /// index
  static Result<EncodedBlock> encode(const BlockContent& content, BlockBuffer buffer = {});

  void place(const BlockPlace& place);

  /// Valid once placed.
  [[nodiscard]] std::string_view bytes() const { return {buffer_.bytes.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t count() const { return header_.count; }
  [[nodiscard]] const format::BlockHeader& header() const { return header_; }
  /// The types, and after `place` all the rest. Borrows from this.
  [[nodiscard]] Block view() const { return Block(buffer_.bytes.get()); }
  /// Gives the memory back; the block is gone.
  [[nodiscard]] BlockBuffer take_buffer() { return std::move(buffer_); }

 private:
  EncodedBlock(BlockBuffer buffer, const format::BlockHeader& header);

  BlockBuffer buffer_;
  format::BlockHeader header_;
  std::size_t size_;
};

}  // namespace aludel
