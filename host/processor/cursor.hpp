// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace aludel {

/// A place in the log, between two events.
struct Position {
  std::uint64_t next = 0;         ///< the event behind it
  std::uint32_t fingerprint = 0;  ///< of the block that holds event next - 1; 0 where there is none

  friend bool operator==(const Position&, const Position&) = default;
};

/// How far a processor has come, and what became of the events on the way.
struct Cursor {
  Position position;
  std::uint64_t handled = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dead_letters = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

}  // namespace aludel
