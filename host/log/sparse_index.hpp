// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/limits.hpp"

namespace aludel {

/// Where some of a segment's blocks begin, about one every 64 KiB: the start of a short walk to any of them.
class SparseIndex {
 public:
  static constexpr std::uint64_t spacing = 64 * limits::KiB;

  struct Entry {
    std::uint64_t id;      ///< a block's first
    std::uint64_t offset;  ///< of that block in its segment
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  SparseIndex() = default;
  explicit SparseIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  /// Tells of a block; kept if it is far enough behind the last one kept.
  void add(std::uint64_t id, std::uint64_t offset) {
    if (entries_.empty() || offset >= entries_.back().offset + spacing) entries_.push_back({id, offset});
  }

  /// The last entry at or before `id`, or `start` if there is none.
  [[nodiscard]] Entry find(std::uint64_t id, Entry start) const {
    const auto after =
        std::upper_bound(entries_.begin(), entries_.end(), id,
                         [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.id; });
    return after == entries_.begin() ? start : *(after - 1);
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace aludel
