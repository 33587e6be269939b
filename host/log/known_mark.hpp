// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/uuid.hpp"

namespace aludel {

/// What somebody knows of a log: its events below `next` were acknowledged.
struct KnownMark {
  std::string known_to;           ///< for people, for example "processor ledger"
  std::filesystem::path witness;  ///< what to remove for the log to go on without what it has lost
  Uuid log_id;
  std::uint64_t next = 0;  ///< the highest id there is if it is `untold`
  /// They have to be there. False: they were acknowledged without a sync, so a power loss may have taken what
  /// stood at the end of their segment; the segment itself was durable before anything was put into it.
  bool durable = true;
  /// Which log's, and up to where, could not be read: whatever is bad at a log's end may be among them.
  bool untold = false;
};

/// The mark that lies highest in this log, of those that are `durable`; one that is `untold` lies above all.
/// Null: there is none.
[[nodiscard]] const KnownMark* highest_durable_mark(std::span<const KnownMark> marks, const Uuid& log_id);

/// Who knows of events from `end` on, where the log ends, though no power loss can have taken them; or null.
/// @param sealed the log ends with a sealed segment: one that they could have stood in is gone, and it was
/// durable
[[nodiscard]] const KnownMark* contradicting_mark(std::span<const KnownMark> marks, const Uuid& log_id,
                                                  std::uint64_t end, bool sealed);

}  // namespace aludel
