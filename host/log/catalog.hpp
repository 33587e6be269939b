// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "log/block.hpp"

namespace aludel {

/// Events of each type, over the whole log.
using TypeCounts = std::map<std::string, std::uint64_t, std::less<>>;

/// Where a producer's appends have come to.
struct ProducerEnd {
  std::uint64_t next_sequence = 0;
  std::uint64_t last_id = format::none;  ///< first id of the producer's last block
  std::uint32_t last_offset = 0;         ///< of that block in its segment

  friend bool operator==(const ProducerEnd&, const ProducerEnd&) = default;
};

using ProducerEnds = std::map<std::string, ProducerEnd, std::less<>>;

/// What the log holds, by type and by producer. The last sealed segment's footer has it up to there; the
/// blocks since then bring it up to date.
struct Catalog {
  TypeCounts types;
  ProducerEnds producers;

  /// Takes in the next block of the log.
  /// @param offset of the block in its segment
  void add(const Block& block, std::uint64_t offset);

  friend bool operator==(const Catalog&, const Catalog&) = default;
};

}  // namespace aludel
