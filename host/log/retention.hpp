// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"

/// How much of a log is kept. Whole segments are dropped, oldest first; the last two always stay: the footer
/// of the sealed one counts all events that ever were, and knows all producers.
namespace aludel {

struct RetentionPolicy {
  std::optional<std::chrono::milliseconds> max_age;  ///< of a segment's last append
  std::optional<std::uint64_t> max_bytes;            ///< of all segments, without what is allocated ahead

  [[nodiscard]] bool drops() const { return max_age || max_bytes; }
  friend bool operator==(const RetentionPolicy&, const RetentionPolicy&) = default;
};

/// A segment that the policy would have dropped.
struct Expendable {
  std::uint64_t end_id = 0;  ///< where the log would begin then
  bool by_size = false;      ///< the log is over `max_bytes`: it goes whoever needs it
};

struct Expendables {
  std::uint64_t first = 0;           ///< where the log begins now
  std::vector<Expendable> segments;  ///< oldest first
  /// Why the age of the segment behind these cannot be told, or keeps it far longer than `max_age`
  std::optional<Error> ageless;

  /// Where the log is to begin if events from `held_from` on are still needed.
  [[nodiscard]] std::uint64_t keep_from(std::uint64_t held_from) const;
};

/// @param last_bytes how much of the last segment is written
/// @return corrupt, io
[[nodiscard]] Result<Expendables> expendable_segments(os::FileSystem& files, const std::filesystem::path& dir,
                                                      const RetentionPolicy& policy, std::uint64_t last_bytes,
                                                      std::int64_t now_ns);

}  // namespace aludel
